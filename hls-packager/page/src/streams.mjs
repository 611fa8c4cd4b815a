// What the packager says of its streams, and how a person is told.

const ANSWER_MS = 5_000;

// A host that has lost its power ends no connection.
const ask = (path) => fetch(path, { cache: 'no-store', signal: AbortSignal.timeout?.(ANSWER_MS) });

export async function fetchStreams() {
  const response = await ask('/api/streams.json');
  if (!response.ok) throw new Error(`the list of streams was answered with ${response.status}`);
  return response.json();
}

export const playPath = (name) => `/play/${name.split('/').map(encodeURIComponent).join('/')}`;

// What is no escape stands for itself.
function unescaped(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
export const nameInPath = (path) => path.replace(/^\/play\//, '').replace(/\/$/, '').split('/').map(unescaped).join('/');

const STATES = { live: 'Live', filling: 'Starting', calling: 'Not on air', away: 'Interrupted', ended: 'Ended' };
export const stateText = (state) => STATES[state] ?? state;

// Why nothing is to be seen, and what will come of it.
export function whyNot(stream, name) {
  if (!stream) return `There is no stream called “${name}” here. Is the address right? If it is added, it starts by itself.`;
  switch (stream.state) {
    case 'live': return 'Starting …';
    case 'filling': return stream.why ? `The stream is on air, but ${stream.why}.` : 'The stream has just come on air and starts in a moment.';
    case 'away': return 'The source of this stream went away. When it comes back, the stream goes on by itself.';
    case 'ended': return 'This stream has ended. If it comes on air again, it starts by itself.';
    default: return 'This stream is not on air yet. It starts by itself when it is.';
  }
}

const codecNames = [[/^avc/, 'H.264'], [/^h[ev][vc]1/, 'H.265'], [/^mp4a\.40\.(5|29)/, 'HE-AAC'], [/^mp4a/, 'AAC'], [/^ac-3/, 'AC-3'], [/^ec-3/, 'E-AC-3'], [/^opus/i, 'Opus']];
const codecName = (codec) => codecNames.find(([pattern]) => pattern.test(codec))?.[1] ?? codec;
const namesOf = (codecs) => [...new Set(codecs.map(codecName))];

export const whyNotHere = (codecs) => `This browser cannot play ${namesOf(codecs).join(' and ')}, which this stream comes in. Another one may.`;

// "1280 × 720, 30 fps, H.264, AAC", as far as it is known.
export function formatText(stream) {
  const { video, codecs = [] } = stream;
  const parts = [];
  if (video?.width) parts.push(`${video.width} × ${video.height}`);
  if (video?.fps) parts.push(`${Math.round(video.fps * 100) / 100} fps`);
  return [...parts, ...namesOf(codecs)].join(', ');
}

// Milliseconds that the packager's clock is ahead of ours, and that it took to hear of it.
export async function clockOffset() {
  const before = Date.now();
  const response = await ask('/time');
  const there = Date.parse((await response.text()).trim());
  if (!response.ok || Number.isNaN(there)) throw new Error('the packager does not tell the time');
  const after = Date.now();
  return { offset: there - (before + after) / 2, tookMs: Math.max(0, after - before) };
}
