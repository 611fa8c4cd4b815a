// What an origin of a live presentation is asked, and has to answer: one function a requirement. Each throws what is wrong.

import { setMaxListeners } from 'node:events';

import { request, sleep } from './http_client.mjs';
import { micros } from './attributes.mjs';
import { nextPart, readMediaPlaylist } from './media_playlist.mjs';

export class Skip extends Error {}

const AT_ONCE_MS = 500;  // Of a machine that has other things to do.
const claim = (holds, otherwise) => { if (!holds) throw new Error(typeof otherwise === 'function' ? otherwise() : otherwise); };
const directives = ({ msn, part }) => `?_HLS_msn=${msn}${part === undefined ? '' : `&_HLS_part=${part}`}`;
const maxAge = (response) => Number(/max-age=(\d+)/.exec(response.headers['cache-control'] ?? '')?.[1] ?? NaN);

// A presentation as it is asked: `url` is its multivariant playlist, `media` a rendition's.
export class Presentation {
  // `wantsDash`: it must have an MPD beside its playlists.
  constructor(url, media, wantsDash = false) { Object.assign(this, { url, media, wantsDash }); }

  get root() { return new URL('/', this.url).href; }
  resolve(uri) { return new URL(uri, this.media).href; }

  ask(query = '', options = {}) { return request(`${this.media}${query}`, options); }

  async now() {
    const response = await this.ask();
    claim(response.status === 200, `the playlist is answered with ${response.status}`);
    return readMediaPlaylist(response.text);
  }

  async refuses(query, status) {
    const response = await this.ask(query);
    claim(response.status === status, `${query} is answered with ${response.status}, not ${status}`);
    claim(response.headAt - response.sentAt < AT_ONCE_MS, `${query} is refused after ${Math.round(response.headAt - response.sentAt)} ms`);
    return response;
  }

  // How many requests wait, by the origin's own count.
  async waiting() {
    const response = await request(new URL('/metrics', this.url).href);
    const line = /^fanlight_packager_waiting (\d+)$/m.exec(response.text);
    claim(line !== null, '/metrics does not say how many wait');
    return Number(line[1]);
  }

  // Bytes of what has been listed for longest and is still whole.
  async oldSegment() {
    const { segments } = await this.now();
    return this.resolve(segments[Math.floor(segments.length / 2)].uri);
  }
}

const has = (playlist, { msn, part }) => { const next = nextPart(playlist); return next.msn > msn || (part !== undefined && next.msn === msn && next.part > part); };

async function aReloadWaitsForItsPart(it) {
  for (let i = 0; i < 8; ++i) {
    const wanted = nextPart(await it.now());
    const response = await it.ask(directives(wanted));
    claim(response.status === 200 && has(readMediaPlaylist(response.text), wanted), `${directives(wanted)}: ${response.status}, and it is not there`);
  }
}

async function aReloadWaitsForItsSegment(it) {
  const { openMsn: msn } = await it.now();
  const response = await it.ask(directives({ msn }));
  claim(response.status === 200 && has(readMediaPlaylist(response.text), { msn }), `segment ${msn}: ${response.status}, and it is not whole`);
}

async function whoWaitsForOnePartIsAnsweredTogether(it) {
  const wanted = nextPart(await it.now());
  const all = await Promise.all(Array.from({ length: 40 }, () => it.ask(directives(wanted))));
  const at = all.map((one) => one.headAt);
  claim(all.every((one) => one.status === 200), () => `among 40 there is ${all.find((one) => one.status !== 200).status}`);
  claim(Math.max(...at) - Math.min(...at) < AT_ONCE_MS, () => `the last is answered ${Math.round(Math.max(...at) - Math.min(...at))} ms after the first`);
  claim(new Set(all.map((one) => one.body.toString('latin1'))).size === 1, 'and they are told different things');
}

async function aPartPastTheLastIsTheNextSegmentsFirst(it) {
  const playlist = await it.now();
  const last = playlist.segments.at(-1);
  const response = await it.ask(directives({ msn: last.msn, part: last.parts.length }));
  claim(response.status === 200 && has(readMediaPlaylist(response.text), { msn: last.msn + 1, part: 0 }), `${response.status}, and part 0 of ${last.msn + 1} is not there`);
}

async function directivesThatMeanNothingAreRefused(it) {
  const { openMsn } = await it.now();
  for (const query of ['?_HLS_part=0', '?_HLS_msn=x', '?_HLS_msn=', '?_HLS_msn=-1', '?_HLS_msn=1.5', '?_HLS_msn=99999999999999999999999',
    `?_HLS_msn=${openMsn}&_HLS_part=-1`, `?_HLS_msn=${openMsn}&_HLS_part=a`, `?_HLS_msn=${openMsn}&_HLS_part=99999999999999999999999`]) await it.refuses(query, 400);
}

async function whatIsTooFarAheadIsRefused(it) {
  const { openMsn, open, partTarget } = await it.now();
  const limit = Math.ceil(Number(partTarget) < 1 ? 3 / Number(partTarget) : 3);
  await it.refuses(directives({ msn: openMsn + 4 }), 400);
  await it.refuses(directives({ msn: openMsn + 1_000_000, part: 0 }), 400);
  await it.refuses(directives({ msn: openMsn, part: (open?.parts.length ?? 0) + limit + 10 }), 400);
}

async function whatHasGoneIsAnsweredWithTheWhole(it) {
  const before = await it.now();
  for (const query of [directives({ msn: 0 }), directives({ msn: Math.max(0, before.mediaSequence - 1), part: 0 }), `${directives({ msn: 0 })}&_HLS_skip=NO`]) {
    const response = await it.ask(query);
    claim(response.status === 200 && response.headAt - response.sentAt < AT_ONCE_MS, `${query}: ${response.status} after ${Math.round(response.headAt - response.sentAt)} ms`);
    claim(readMediaPlaylist(response.text).segments.length > 0 && !readMediaPlaylist(response.text).skip, `${query} is not answered with the whole`);
  }
}

// What is read once `holds` is true of it, or last: everybody is told what was so up to a quarter of a second ago.
async function soon(read, holds) {
  let value = await read();
  for (let i = 0; i < 8 && !holds(value); ++i) {
    await sleep(100);
    value = await read();
  }
  return value;
}

async function whoGoesAwayLeavesNothingBehind(it) {
  const wanted = nextPart(await it.now());
  const gone = new AbortController();
  setMaxListeners(0, gone.signal);
  const before = await it.waiting();
  const all = Array.from({ length: 40 }, () => it.ask(directives({ msn: wanted.msn + 1 }), { signal: gone.signal }).catch(() => null));
  const while40 = await soon(() => it.waiting(), (waiting) => waiting - before >= 20);
  gone.abort();
  await Promise.all(all);
  const after = await soon(() => it.waiting(), (waiting) => waiting - before < 20);
  claim(while40 - before >= 20, `${while40} wait, where ${before} did: the 40 were answered at once`);
  claim(after - before < 20, `${after} wait after 40 have gone, where ${before} did`);
  const response = await it.ask(directives(wanted));
  claim(response.status === 200, `and the next is answered with ${response.status}`);
}

async function othersKeysPassInAnyOrder(it) {
  const wanted = nextPart(await it.now());
  const response = await it.ask(`?token=abc&_HLS_part=${wanted.part}&x=1&_HLS_msn=${wanted.msn}`);
  claim(response.status === 200 && has(readMediaPlaylist(response.text), wanted), `${response.status}, or not what was asked`);
  claim(!response.text.includes('token'), 'the key went on into the playlist');
}

async function aHintedPartComesWholeAtOnce(it) {
  let came = 0;
  for (let i = 0; i < 12 && came < 4; ++i) {
    const uri = (await it.now()).hints.find((hint) => hint.attributes.TYPE === 'PART').attributes.URI;
    const response = await request(it.resolve(uri));
    if (response.status === 404) continue;  // Its segment ended without it.
    claim(response.status === 200, `${uri} is answered with ${response.status}`);
    claim(Number(response.headers['content-length']) === response.body.length, `${uri} came without its length`);
    claim(response.endAt - response.headAt < AT_ONCE_MS, `${uri} trickled for ${Math.round(response.endAt - response.headAt)} ms`);
    const again = await request(it.resolve(uri));
    claim(again.status === 200 && Buffer.compare(again.body, response.body) === 0, `${uri} is not twice the same`);
    ++came;
  }
  claim(came >= 4, `of 12 hinted parts ${came} came`);
}

async function whatIsNotThereIsNotFound(it) {
  const { openMsn } = await it.now();
  const folder = new URL(it.media).pathname.replace(/[^/]*$/, '');
  for (const name of [`s${openMsn + 50}.m4s`, `s${openMsn + 50}.0.m4s`, `s${openMsn}.90.m4s`, 'i999.mp4', 'x', 's1.m4s.m4s', '', '..%2f..%2fetc%2fpasswd', '%2e%2e/%2e%2e/%2e%2e/etc/passwd']) {
    const response = await request(it.root, { target: folder + name });
    claim([400, 404].includes(response.status), `${folder}${name} is answered with ${response.status}`);
  }
  for (const target of ['/../../../etc/passwd', '/live/../../etc/passwd', '/live/nobody/index.m3u8', '/live//index.m3u8', '/assets/../../../etc/passwd']) {
    const response = await request(it.root, { target });
    claim([400, 404].includes(response.status), `${target} is answered with ${response.status}`);
  }
}

// Behind the end of their segment, and for three target durations behind that of their being listed.
async function partsStayWhenTheyAreNotListedAnyMore(it) {
  const { segments, targetDuration } = await it.now();
  const parts = segments.flatMap((one) => one.parts);
  claim(parts.length > 0, 'no whole segment lists its parts');
  const isListed = async () => (await it.now()).segments.some((one) => one.parts.some((part) => part.uri === parts[0].uri));
  for (let tries = 0; await isListed(); ++tries) {
    claim(tries < 40 * targetDuration, `${parts[0].uri} is listed for ever`);
    await sleep(100);
  }
  const goneAt = performance.now();
  const [first, last] = await Promise.all([parts[0], parts.at(-1)].map((part) => request(it.resolve(part.uri))));
  claim(first.status === 200 && last.status === 200, `${first.status} and ${last.status}, as soon as ${parts[0].uri} is not listed any more`);
  await sleep(3_000 * targetDuration - AT_ONCE_MS - (performance.now() - goneAt));
  const still = await request(it.resolve(parts[0].uri));
  // On a machine that is late with it, it may have gone by right.
  const tookMs = performance.now() - goneAt;
  claim(still.status === 200 || tookMs > 3_000 * targetDuration, `${parts[0].uri} is answered with ${still.status}, ${Math.round(tookMs)} ms after it was listed last`);
}

async function rangesOfMedia(it) {
  const url = await it.oldSegment();
  const whole = (await request(url)).body;
  const size = whole.length;
  for (const [range, from, to] of [['bytes=0-99', 0, 100], [`bytes=${size - 10}-`, size - 10, size], ['bytes=-7', size - 7, size], [`bytes=5-${size + 100}`, 5, size]]) {
    const response = await request(url, { headers: { range } });
    claim(response.status === 206, `${range} is answered with ${response.status}`);
    claim(response.headers['content-range'] === `bytes ${from}-${to - 1}/${size}`, `${range}: content-range ${response.headers['content-range']}`);
    claim(Buffer.compare(response.body, whole.subarray(from, to)) === 0, `${range}: other bytes`);
  }
  const past = await request(url, { headers: { range: `bytes=${size}-` } });
  claim(past.status === 416 && past.headers['content-range'] === `bytes */${size}`, `past the end: ${past.status} ${past.headers['content-range']}`);
}

async function rangesOfPlaylistsAreIgnored(it) {
  const response = await it.ask('', { headers: { range: 'bytes=0-' } });
  claim(response.status === 200 && response.headers['content-range'] === undefined, `is answered with ${response.status}`);
}

async function typesAreSaid(it) {
  const { segments, open } = await it.now();
  const expected = [[it.url, /^application\/vnd\.apple\.mpegurl/], [it.media, /^application\/vnd\.apple\.mpegurl/],
    [it.resolve(segments[0].uri), /^(video|audio)\/(mp4|iso\.segment)$/], [it.resolve((open ?? segments.at(-1)).map.attributes.URI), /^(video|audio)\/mp4$/]];
  for (const [url, type] of expected) {
    const response = await request(url);
    claim(response.status === 200 && type.test(response.headers['content-type']), `${new URL(url).pathname}: ${response.status} ${response.headers['content-type']}`);
  }
}

async function playlistsAreCompressedForWhoAccepts(it) {
  for (const url of [it.url, it.media]) {
    const packed = await request(url, { headers: { 'accept-encoding': 'gzip, deflate, br' } });
    claim(packed.headers['content-encoding'] === 'gzip' && packed.text.startsWith('#EXTM3U'), `${url} came as ${packed.headers['content-encoding'] ?? 'it is'}`);
    claim(/accept-encoding/i.test(packed.headers.vary ?? ''), 'without Vary: Accept-Encoding');
    const plain = await request(url, { headers: { 'accept-encoding': 'identity' } });
    claim(plain.headers['content-encoding'] === undefined, 'compressed for who does not accept it');
  }
  const media = await request(await it.oldSegment(), { headers: { 'accept-encoding': 'gzip' } });
  claim(media.headers['content-encoding'] === undefined, 'media is compressed');
}

async function cachesAreToldForHowLong(it) {
  const playlist = await it.now();
  const target = playlist.targetDuration;
  const wanted = nextPart(playlist);
  const rows = [
    ['a plain playlist', await it.ask(), (age) => age <= Math.max(1, target / 2)],
    ['a blocking reload', await it.ask(directives(wanted)), (age) => age === 6 * target],
    ['the multivariant playlist', await request(it.url), (age) => age >= target],
    ['a segment', await request(await it.oldSegment()), (age) => age >= 6 * target],
    ['a reload that means nothing', await it.ask('?_HLS_part=0'), (age) => age === 4 * target],
    ['what nothing is called', await request(it.resolve('x.m4s')), (age) => age >= 1 && age <= target],
  ];
  // H-73 has lifetimes for these, too; but they will be right, and a cache would go on refusing them to everybody then.
  const early = [
    ['a reload too far ahead', await it.ask('?_HLS_msn=999999')],
    ['a segment that is not there yet', await request(it.resolve('s999999.m4s'))],
    ['a part that is not there yet', await request(it.resolve('s999999.0.m4s'))],
  ];
  for (const [what, response] of early) claim(response.headers['cache-control'] === 'no-store', `${what} (${response.status}): cache-control ${response.headers['cache-control']}`);
  for (const [what, response, isRight] of rows) {
    claim(isRight(maxAge(response)), `${what} (${response.status}): cache-control ${response.headers['cache-control']}, TARGETDURATION ${target}`);
    claim(response.headers.age === undefined, `${what} has an Age, though it comes from its origin`);
  }
}

async function pagesOfOtherOriginsMayRead(it) {
  for (const url of [it.url, it.media, await it.oldSegment(), it.resolve('s999999.m4s')]) {
    const response = await request(url, { headers: { origin: 'https://elsewhere.example' } });
    const exposed = (response.headers['access-control-expose-headers'] ?? '').toLowerCase();
    claim(response.headers['access-control-allow-origin'] === '*', `${url}: access-control-allow-origin ${response.headers['access-control-allow-origin']}`);
    for (const name of ['content-length', 'content-range', 'date', 'age']) claim(exposed.includes(name), `${url} does not expose ${name}`);
    claim(response.headers['timing-allow-origin'] !== undefined, `${url}: no Timing-Allow-Origin`);
    claim(response.headers.date !== undefined, `${url}: no Date`);
  }
  const asked = await request(it.media, { method: 'OPTIONS', headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'GET', 'access-control-request-headers': 'range' } });
  claim(asked.status === 204 && /range/i.test(asked.headers['access-control-allow-headers'] ?? ''), `OPTIONS: ${asked.status} ${asked.headers['access-control-allow-headers']}`);
}

async function playlistsGoBeforeMedia(it) {
  const urgency = (response) => /^u=([0-7])$/.exec(response.headers.priority ?? '')?.[1];
  const said = [await request(it.url), await it.ask(), await request(await it.oldSegment())].map(urgency);
  claim(said[0] === '1' && said[1] === '1' && ['2', '3', '4', '5', '6'].includes(said[2]), `priority of the multivariant playlist, a playlist and a segment: ${said}`);
}

async function headsSayWhatGetsWould(it) {
  for (const url of [it.url, await it.oldSegment()]) {
    const [head, get] = [await request(url, { method: 'HEAD' }), await request(url)];
    claim(head.status === 200 && head.body.length === 0, `HEAD: ${head.status}, ${head.body.length} bytes`);
    for (const name of ['content-type', 'content-length']) claim(head.headers[name] === get.headers[name], `HEAD: ${name} ${head.headers[name]}, GET ${get.headers[name]}`);
  }
  const refused = await request(it.url, { method: 'POST' });
  claim([405, 501].includes(refused.status), `POST is answered with ${refused.status}`);
}

async function nothingIsRedirected(it) {
  for (const target of ['/', '/live', new URL('.', it.url).pathname, new URL('.', it.url).pathname.slice(0, -1), '/play/x']) {
    const { status } = await request(it.root, { target });
    claim(status < 300 || status >= 400, `${target} is answered with ${status}`);
  }
}

async function theTimeIsTold(it) {
  const response = await request(new URL('/time', it.url).href);
  const off = Date.parse(response.text.trim()) - Date.now();
  claim(response.status === 200 && Math.abs(off) < 1_000, `${response.status} "${response.text.trim()}", ${off} ms off`);
  claim(/no-(store|cache)/.test(response.headers['cache-control'] ?? ''), `cache-control ${response.headers['cache-control']}`);
}

async function manifestOf(it) {
  const response = await request(new URL('manifest.mpd', it.url).href);
  if (response.status === 404 && !it.wantsDash) throw new Skip('it offers no DASH');
  claim(response.status === 200 && response.headers['content-type'] === 'application/dash+xml', `manifest.mpd: ${response.status} ${response.headers['content-type']}`);
  return response.text;
}

// While it changes with each segment, at most.
async function whoHasTheManifestIsToldSo(it) {
  await manifestOf(it);
  const url = new URL('manifest.mpd', it.url).href;
  const packed = await request(url, { headers: { 'accept-encoding': 'gzip' } });
  claim(packed.headers['content-encoding'] === 'gzip' && packed.text.includes('<MPD'), `manifest.mpd came as ${packed.headers['content-encoding'] ?? 'it is'}, though gzip is accepted`);
  claim(/accept-encoding/i.test(packed.headers.vary ?? ''), 'manifest.mpd comes without Vary: Accept-Encoding');
  let again = null;
  for (let tries = 0; again?.status !== 304 && tries < 5; ++tries) {
    const { etag } = (await request(url)).headers;
    claim(etag !== undefined, 'manifest.mpd has no ETag');
    again = await request(url, { headers: { 'if-none-match': etag } });
  }
  claim(again.status === 304 && again.body.length === 0, `asked for by its ETag it is answered with ${again.status} and ${again.body.length} bytes`);
  claim(again.headers['access-control-allow-origin'] !== undefined, 'a 304 may not be read by pages of other origins');
}

async function anOpenSegmentIsStreamed(it) {
  await manifestOf(it);
  const { openMsn: before, targetDuration, partTarget } = await it.now();
  const { openMsn } = readMediaPlaylist((await it.ask(directives({ msn: before }))).text);  // One that has just begun.
  const response = await request(it.resolve(`s${openMsn}.m4s`));
  const hasNoLength = response.version === '2' ? response.headers['content-length'] === undefined : response.headers['transfer-encoding'] === 'chunked';
  claim(response.status === 200 && hasNoLength, `s${openMsn}.m4s: ${response.status}, with its length known before its end`);
  claim(response.endAt - response.sentAt < 2_000 * targetDuration, `it took ${Math.round(response.endAt - response.sentAt)} ms`);
  const whole = await request(it.resolve(`s${openMsn}.m4s`));
  claim(Buffer.compare(whole.body, response.body) === 0, 'what was streamed is not the segment');
  const times = response.pieces.map((piece) => piece.at);
  claim(times.at(-1) - times[0] > micros(partTarget) / 1e3 / 2, `it came in ${times.length} pieces, and all at once`);
  claim(times.at(-1) - times[0] < 1_000 * targetDuration + micros(partTarget) / 1e3 + AT_ONCE_MS, 'it trickled');
}

async function dashPlayersCanAskTheTime(it) {
  const mpd = await manifestOf(it);
  const schemes = [...mpd.matchAll(/<UTCTiming[^>]*schemeIdUri="urn:mpeg:dash:utc:([a-z-]+):2014"[^>]*value="([^"]*)"/g)];
  claim(schemes.length > 0, 'there is no UTCTiming');
  for (const [, scheme, value] of schemes) {
    claim(['http-xsdate', 'http-iso', 'http-head', 'direct'].includes(scheme), `UTCTiming by ${scheme}`);
    if (scheme === 'direct') continue;
    const response = await request(new URL(value, new URL('manifest.mpd', it.url)).href);
    claim(response.status === 200 && Math.abs(Date.parse(response.text.trim()) - Date.now()) < 1_000, `${value}: ${response.status} ${response.text}`);
  }
}

export const PROBES = [
  ['H-30', aReloadWaitsForItsPart], ['H-30', aReloadWaitsForItsSegment], ['H-30', whoWaitsForOnePartIsAnsweredTogether],
  ['H-31', aPartPastTheLastIsTheNextSegmentsFirst], ['H-32', directivesThatMeanNothingAreRefused], ['H-33', whatIsTooFarAheadIsRefused],
  ['H-34', whatHasGoneIsAnsweredWithTheWhole], ['H-36', whoGoesAwayLeavesNothingBehind], ['H-38', othersKeysPassInAnyOrder],
  ['H-50', aHintedPartComesWholeAtOnce], ['H-51', whatIsNotThereIsNotFound], ['H-15', partsStayWhenTheyAreNotListedAnyMore],
  ['H-55', rangesOfMedia], ['H-55', rangesOfPlaylistsAreIgnored], ['H-56', typesAreSaid], ['H-71', playlistsAreCompressedForWhoAccepts],
  ['H-72', playlistsGoBeforeMedia], ['H-73', cachesAreToldForHowLong], ['H-74', pagesOfOtherOriginsMayRead], ['H-75', headsSayWhatGetsWould], ['H-75', nothingIsRedirected],
  ['D-05', anOpenSegmentIsStreamed], ['D-06', theTimeIsTold], ['D-06', dashPlayersCanAskTheTime], ['D-12', whoHasTheManifestIsToldSo],
];
