// Playlists as fanlight writes them (hls-packager/playlist/media_playlist_test.cc), to be broken by the linter's tests.

const START = Date.parse('2026-11-26T16:30:00.000Z');
const date = (msn) => `#EXT-X-PROGRAM-DATE-TIME:${new Date(START + 2_000 * msn).toISOString()}`;
const part = (msn, i, whole) => `#EXT-X-PART:DURATION=${(2 / whole).toFixed(6)},URI="s${msn}.${i}.m4s"${i === 0 ? ',INDEPENDENT=YES' : ''}`;

// Segments of two seconds and `whole` parts, from `first` up to the open one, which has `parts`. Parts are listed of the last three.
export function live({ first = 0, open = 10, parts = 1, whole = 2, skipped = 0, discontinuous = -1 } = {}) {
  const lines = [
    '#EXTM3U', `#EXT-X-VERSION:${skipped ? 9 : 6}`, '#EXT-X-TARGETDURATION:2',
    '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3.000000,CAN-SKIP-UNTIL=12.000000',
    `#EXT-X-PART-INF:PART-TARGET=${(2 / whole).toFixed(6)}`, `#EXT-X-MEDIA-SEQUENCE:${first}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuous >= 0 && discontinuous < first ? 1 : 0}`,
    ...(skipped ? [`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`] : []),
  ];
  const state = (msn) => [
    ...(msn === discontinuous ? ['#EXT-X-DISCONTINUITY'] : []),
    ...(msn === first + skipped || msn === discontinuous ? [`#EXT-X-MAP:URI="i${discontinuous >= 0 && msn >= discontinuous ? 1 : 0}.mp4"`] : []),
    date(msn),
  ];
  for (let msn = first + skipped; msn < open; ++msn) {
    lines.push(...state(msn));
    if (msn >= open - (parts === 0 ? 3 : 2)) lines.push(...Array.from({ length: whole }, (_, i) => part(msn, i, whole)));
    lines.push('#EXTINF:2.000000,', `s${msn}.m4s`);
  }
  if (parts > 0) lines.push(...state(open), ...Array.from({ length: parts }, (_, i) => part(open, i, whole)));
  const [hintMsn, hintPart] = parts === whole ? [open + 1, 0] : [open, parts];
  lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s${hintMsn}.${hintPart}.m4s"`, `#EXT-X-RENDITION-REPORT:URI="../a0/index.m3u8",LAST-MSN=${open},LAST-PART=0`);
  return lines.join('\n') + '\n';
}

export const ended = (text) => text.replace(/#EXT-X-PRELOAD-HINT.*\n/, '').replace(/#EXT-X-RENDITION-REPORT.*\n/, '') + '#EXT-X-ENDLIST\n';

export const vod = '#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n'
  + '#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MAP:URI="i0.mp4"\n'
  + `${date(0)}\n#EXTINF:2.000000,\ns0.m4s\n${date(1)}\n#EXTINF:1.001000,\ns1.m4s\n#EXT-X-ENDLIST\n`;

export const multivariant = [
  '#EXTM3U', '#EXT-X-VERSION:6', '#EXT-X-INDEPENDENT-SEGMENTS',
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="English",LANGUAGE="eng",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a0/index.m3u8"',
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="Deutsch",LANGUAGE="deu",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="a1/index.m3u8"',
  '#EXT-X-STREAM-INF:BANDWIDTH=2800000,AVERAGE-BANDWIDTH=2500000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="aac",CLOSED-CAPTIONS=NONE',
  'v0/index.m3u8', '',
].join('\n');

export const soundOnly = '#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n'
  + '#EXT-X-STREAM-INF:BANDWIDTH=130000,AVERAGE-BANDWIDTH=128000,CODECS="mp4a.40.2"\na0/index.m3u8\n';

// English in both, German in AAC alone.
export const twoCodecs = multivariant
  .replace(/(?=#EXT-X-STREAM-INF)/, '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="ac-3",NAME="English",LANGUAGE="eng",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="6",URI="a2/index.m3u8"\n'
    + '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="ac-3",NAME="Deutsch",LANGUAGE="deu",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="a1/index.m3u8"\n')
  + multivariant.match(/#EXT-X-STREAM-INF.*\n.*\n/)[0].replace('mp4a', 'ac-3,mp4a').replace('AUDIO="aac"', 'AUDIO="ac-3"');
