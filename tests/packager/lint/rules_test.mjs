// Every rule finds the playlist that breaks it, and none finds anything in those that fanlight writes.
//
//   node --test tests/packager/lint/

import assert from 'node:assert/strict';
import test from 'node:test';

import { CHANGE_RULES, judgeChange } from './change_rules.mjs';
import { readMediaPlaylist, reconstruct } from './media_playlist.mjs';
import { MEDIA_RULES, judgeMedia } from './media_rules.mjs';
import { MULTIVARIANT_RULES, judgeMeasured, judgeMultivariant, peakOf, readMultivariant, renditions } from './multivariant_rules.mjs';
import { ended, live, multivariant, soundOnly, twoCodecs, vod } from './sample_playlists.mjs';
import { judgeSound, judgeVariants } from './variant_rules.mjs';

const OTHERS = { others: ['../a0/index.m3u8'] };
const text = (found) => found.map(({ rule, line, text: what }) => `${rule} :${line} ${what}`).join('\n');

// Replaces what must be there.
function broken(whole, from, to) {
  const out = whole.replace(from, to);
  assert.notEqual(out, whole, `${from} is not in the sample`);
  return out;
}
const without = (whole, line) => broken(whole, new RegExp(`^${line}.*\n`, 'm'), '');
const END = '#EXT-X-PRELOAD-HINT';
const reported = (whole, msn, part) => broken(whole, /LAST-MSN=\d+,LAST-PART=\d+/, `LAST-MSN=${msn},LAST-PART=${part}`);
const second = (whole) => broken(whole, 'DURATION=1.000000,URI="s9.0', 'DURATION=0.500000,URI="s9.0');

const range = ({ id = 'a', date = '16:30:08', more = '' } = {}) => `#EXT-X-DATERANGE:ID="${id}",START-DATE="2026-11-26T${date}.000Z"${more}\n`;
const withRange = (whole, words) => broken(whole, END, `${range(words)}${END}`);
const OUT = { more: ',PLANNED-DURATION=30.000000,SCTE35-OUT=0xFC30' };
const IN = { more: ',DURATION=4.000000,SCTE35-IN=0xFC31' };

const key = (id, more = '') => `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="../${id}.key",IV=0x${id},KEYFORMAT="identity"${more}\n`;
const clearKey = (id) => `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="../licence.json",IV=0x${id},KEYFORMAT="org.w3.clearkey",KEYID=0x${id}\n`;
const FIRST = '0'.repeat(32), NEXT = '1'.repeat(32);
// Encrypted from the start, and from segment 8 on with another key.
const encrypted = (whole) => broken(broken(whole, '#EXT-X-MAP', `${clearKey(FIRST)}${key(FIRST)}#EXT-X-MAP`),
  's7.m4s\n', `s7.m4s\n${clearKey(NEXT)}${key(NEXT)}#EXT-X-MAP:URI="i0.1.mp4"\n`);

// Another init segment from segment 11 on.
const rotated = (map) => broken(live({ open: 11 }), 's10.m4s\n', `s10.m4s\n#EXT-X-MAP:URI="${map}"\n`);

// [rule, what is found, the playlist]
const MEDIA = [
  ['syntax', /byte order mark/, `\ufeff${live()}`],
  ['syntax', /carriage returns/, live().replaceAll('\n', '\r\n')],
  ['syntax', /last line has no end/, live().slice(0, -1)],
  ['syntax', /INDEPENDENT=NO is not of the form/, broken(live(), 'INDEPENDENT=YES', 'INDEPENDENT=NO')],
  ['syntax', /knows no attribute PART/, broken(live(), 'PART-TARGET', 'PART=3,PART-TARGET')],
  ['syntax', /URI stands twice/, broken(live(), 'TYPE=PART', 'TYPE=PART,URI="x"')],
  ['syntax', /has no URI/, broken(live(), 'TYPE=PART,URI="s10.1.m4s"', 'TYPE=PART')],
  ['syntax', /no attribute begins/, broken(live(), 'TYPE=PART', 'TYPE = PART')],
  ['syntax', /no attribute begins/, broken(live(), 'PART-TARGET=1.000000', 'PART-TARGET=1.000000,')],
  ['syntax', /TARGETDURATION stands twice/, broken(live(), '#EXT-X-MEDIA-SEQ', '#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQ')],
  ['syntax', /EXT-X-PREFETCH is unknown/, broken(live(), END, `#EXT-X-PREFETCH:s10.m4s\n${END}`)],
  ['syntax', /takes no value/, broken(ended(live()), 'ENDLIST', 'ENDLIST:1')],
  ['syntax', /is no duration and a comma/, broken(live(), '#EXTINF:2.000000,', '#EXTINF:2.000000')],
  ['syntax', /a second EXTINF/, broken(live(), '#EXTINF:2.000000,', '#EXTINF:2.000000,\n#EXTINF:2.000000,')],
  ['syntax', /has no EXTINF before it/, broken(live(), '#EXTINF:2.000000,\n', '')],
  ['syntax', /EXTINF without a URI/, broken(live(), END, `#EXTINF:2.000000,\n${END}`)],
  ['H-01', /#EXTM3U is the first line/, broken(live(), '#EXTM3U\n', '\n#EXTM3U\n')],
  ['H-01', /there is no EXT-X-VERSION/, without(live(), '#EXT-X-VERSION')],
  ['H-01', /VERSION stands twice/, broken(live(), '#EXT-X-VERSION:6', '#EXT-X-VERSION:6\n#EXT-X-VERSION:6')],
  ['H-01', /says version 9, uses what is in 6/, broken(live(), 'VERSION:6', 'VERSION:9')],
  ['H-01', /says version 6, uses what is in 9/, broken(live({ skipped: 4 }), 'VERSION:9', 'VERSION:6')],
  ['H-01', /says version 9, uses what is in 10/, broken(live({ skipped: 4 }), 'SEGMENTS=4', 'SEGMENTS=4,RECENTLY-REMOVED-DATERANGES=""')],
  ['H-02', /no whole number/, broken(live(), 'TARGETDURATION:2', 'TARGETDURATION:2.0')],
  ['H-02', /rounds to more/, broken(live(), '#EXTINF:2.000000', '#EXTINF:2.500000')],
  ['H-03', /no EXT-X-PART-INF/, without(live(), '#EXT-X-PART-INF')],
  ['H-04', /fewer than 5 decimals/, broken(live(), 'DURATION=1.000000', 'DURATION=1.00')],
  ['H-04', /longer than PART-TARGET/, broken(live(), 'DURATION=1.000000', 'DURATION=1.000001')],
  ['H-05', /less than 85 %/, broken(second(live()), 'URI="s9.0.m4s",INDEPENDENT=YES', 'URI="s9.0.m4s"')],
  ['H-07', /CAN-BLOCK-RELOAD/, broken(live(), 'CAN-BLOCK-RELOAD=YES,', '')],
  ['H-07', /PART-HOLD-BACK is less/, broken(live(), 'PART-HOLD-BACK=3.000000', 'PART-HOLD-BACK=2.500000')],
  ['H-07', /^.*HOLD-BACK is less than three target/m, broken(live(), 'PART-HOLD-BACK', 'HOLD-BACK=5.9,PART-HOLD-BACK')],
  ['H-07', /CAN-SKIP-UNTIL/, broken(live(), 'CAN-SKIP-UNTIL=12.000000', 'CAN-SKIP-UNTIL=11.999999')],
  ['H-09', /no EXT-X-MEDIA-SEQUENCE/, without(live(), '#EXT-X-MEDIA-SEQUENCE')],
  ['H-09', /behind the first segment/, broken(without(live(), '#EXT-X-MEDIA-SEQUENCE'), END, `#EXT-X-MEDIA-SEQUENCE:0\n${END}`)],
  ['H-09', /SKIP stands before/, broken(without(live({ skipped: 4 }), '#EXT-X-SKIP'), '#EXT-X-MEDIA', '#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n#EXT-X-MEDIA')],
  ['H-10', /no EXT-X-DISCONTINUITY-SEQUENCE/, without(live(), '#EXT-X-DISCONTINUITY-SEQUENCE')],
  ['H-10', /behind the first segment/, broken(without(live(), '#EXT-X-DISCONTINUITY-SEQ'), END, `#EXT-X-DISCONTINUITY-SEQUENCE:0\n${END}`)],
  ['H-11', /no EXT-X-PROGRAM-DATE-TIME/, live().replace(/#EXT-X-PROGRAM.*\n/g, '')],
  ['H-11', /no date behind a discontinuity/, broken(live({ discontinuous: 5 }), /(i1.mp4"\n)#EXT-X-PROGRAM.*\n/, '$1')],
  ['H-11', /is no date in UTC/, broken(live(), '16:30:04.000Z', '16:30:04.000+00:00')],
  ['H-11', /is no date in UTC/, broken(live(), '16:30:04.000Z', '16:30:04Z')],
  ['H-11', /from where the segments before it end/, broken(live(), '16:30:04.000Z', '16:30:04.050Z')],
  ['H-12', /stands behind a part/, broken(live(), /(#EXT-X-PROGRAM\S*:16\n)?(#EXT-X-PROGRAM\S*16.000Z\n)(.*s8.0.*\n)/, '$3$2')],
  ['H-14', /belongs in the multivariant/, broken(live(), '#EXT-X-MEDIA-SEQ', '#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MEDIA-SEQ')],
  ['H-14', /not INDEPENDENT/, broken(live(), 's9.0.m4s",INDEPENDENT=YES', 's9.0.m4s"')],
  ['H-15', /more than three target durations/, broken(live(), '#EXTINF:2.000000,\ns6.m4s', '#EXT-X-PART:DURATION=1.000000,URI="s6.0.m4s",INDEPENDENT=YES\n#EXT-X-PART:DURATION=1.000000,URI="s6.1.m4s"\n#EXTINF:2.000000,\ns6.m4s')],
  ['H-16', /0 hints at a next part/, without(live(), END)],
  ['H-16', /2 hints at a next part/, broken(live(), END, '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s10.2.m4s"\n#EXT-X-PRELOAD-HINT')],
  ['H-16', /hints at what comes after the end/, `${live()}#EXT-X-ENDLIST\n`],
  ['H-16', /and already listed/, broken(live(), 'PART,URI="s10.1.m4s"', 'PART,URI="s10.0.m4s"')],
  ['H-16', /two hints at a next MAP/, broken(live(), END, `${END}:TYPE=MAP,URI="i1.mp4"\n${END}:TYPE=MAP,URI="i2.mp4"\n${END}`)],
  ['H-16', /the MAP that holds already/, broken(live(), END, `${END}:TYPE=MAP,URI="i0.mp4"\n${END}`)],
  ['H-16', /a hint of TYPE=KEY/, broken(live(), END, `${END}:TYPE=KEY,URI="k"\n${END}`)],
  ['H-18', /is not relative/, broken(live(), '../a0/index.m3u8', '/live/a0/index.m3u8')],
  ['H-18', /no LAST-MSN/, broken(live(), 'LAST-MSN=10,', '')],
  ['H-18', /no LAST-PART/, broken(live(), ',LAST-PART=0', '')],
  ['H-18', /is at 8, this playlist at 10/, broken(live(), 'LAST-MSN=10', 'LAST-MSN=8')],
  ['H-18', /is at part 10.3, this playlist at 10.0: 3 parts apart/, broken(live(), 'LAST-PART=0', 'LAST-PART=3')],
  ['H-18', /is at part 9.0, this playlist at 10.0: 5 parts apart/, reported(live({ whole: 5 }), 9, 0)],
  ['H-18', /is at part 9.2, this playlist at 10.0: 3 parts apart/, reported(live({ whole: 5 }), 9, 2)],
  ['H-18', /is at part 9.0, this playlist at 9.4: 4 parts apart/, reported(live({ whole: 5, parts: 0 }), 9, 0)],
  ['H-18', /is at part 10.2, this playlist at 9.4: 3 parts apart/, reported(live({ whole: 5, parts: 0 }), 10, 2)],
  ['H-18', /is at part 11.0, this playlist at 10.1: 4 parts apart/, reported(live({ whole: 5, parts: 2 }), 11, 0)],
  ['H-18', /reports .* 0 times/, without(live(), '#EXT-X-RENDITION-REPORT')],
  ['H-18', /none of the presentation/, broken(live(), '../a0/', '../a7/')],
  ['H-20', /shorter than three target durations/, live({ first: 8 }).replace(/#EXT-X-PART:.*s10.*\n/, '')],
  ['H-20', /padded with gaps/, broken(live(), '#EXTINF', '#EXT-X-GAP\n#EXTINF')],
  ['H-21', /its parts add up to/, broken(live(), 'DURATION=1.000000,URI="s9.1', 'DURATION=0.900000,URI="s9.1')],
  ['H-22', /PLAYLIST-TYPE:LIVE/, broken(vod, 'TYPE:VOD', 'TYPE:LIVE')],
  ['H-22', /VOD without ENDLIST/, without(vod, '#EXT-X-ENDLIST')],
  ['H-24', /a: START-DATE was/, broken(live(), END, `${range({ date: '16:30:00' })}${range({ date: '16:30:01' })}${END}`)],
  ['H-24', /a: PLANNED-DURATION was 30 and is 20/, broken(live(), END, `${range({ more: ',PLANNED-DURATION=30' })}${range({ more: ',PLANNED-DURATION=20' })}${END}`)],
  ['H-24', /without START-DATE/, broken(live(), END, `#EXT-X-DATERANGE:ID="a",SCTE35-OUT=0xFC30\n${END}`)],
  ['H-24', /no PROGRAM-DATE-TIME/, broken(live().replace(/#EXT-X-PROGRAM.*\n/g, ''), END, `#EXT-X-DATERANGE:ID="a",START-DATE="2026-11-26T16:30:00Z"\n${END}`)],
  ['H-40', /skips nothing/, broken(live({ skipped: 4 }), 'SEGMENTS=4', 'SEGMENTS=0')],
  ['H-40', /CAN-SKIP-UNTIL is not said/, broken(live({ skipped: 4 }), ',CAN-SKIP-UNTIL=12.000000', '')],
  ['H-40', /skips within CAN-SKIP-UNTIL/, live({ skipped: 5 })],
  ['H-40', /without CAN-SKIP-DATERANGES/, broken(live({ skipped: 4 }), 'SEGMENTS=4', 'SEGMENTS=4,RECENTLY-REMOVED-DATERANGES="a"')],
  ['H-41', /has no MAP/, without(live({ skipped: 4 }), '#EXT-X-MAP')],
  ['H-41', /has no PROGRAM-DATE-TIME/, without(live({ skipped: 4 }), '#EXT-X-PROGRAM-DATE-TIME')],
  ['H-41', /has no KEY/, broken(live({ skipped: 4 }), 's4.m4s\n', 's4.m4s\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n')],
  ['H-42', /although nothing more comes/, ended(live({ skipped: 4 }))],
  ['H-90', /METHOD=AES-128/, broken(encrypted(live()), 'SAMPLE-AES', 'AES-128')],
  ['H-90', /is not of 16 bytes/, broken(encrypted(live()), `IV=0x${FIRST}`, 'IV=0x00')],
  ['H-90', /IV=undefined/, broken(encrypted(live()), `IV=0x${FIRST},`, '')],
  ['H-90', /two keys of one KEYFORMAT/, broken(encrypted(live()), key(NEXT), key(NEXT).repeat(2))],
  ['H-90', /another key without an init segment/, without(encrypted(live()), '#EXT-X-MAP:URI="i0.1')],
  ['H-53', /is a byte range/, broken(live(), 'URI="s9.1.m4s"', 'URI="s9.m4s",BYTERANGE="100@50"')],
];

const ONE_SEGMENT_LATER = live({ first: 1, open: 11 });
// [rule, what is found, the playlist before, the one after]
const CHANGES = [
  ['H-24', /the range a is gone/, withRange(live(), OUT), live({ parts: 2 })],
  ['H-24', /says something else/, withRange(live(), OUT), withRange(live({ parts: 2 }), { more: ',PLANNED-DURATION=31.000000,SCTE35-OUT=0xFC30' })],
  ['H-24', /the range a is gone/, withRange(live(), IN), live({ first: 6, open: 16 })],  // It ends at 12 s, as the first segment begins.
  ['H-24', /in front of a, which was there/, withRange(live(), OUT), withRange(withRange(live({ parts: 2 }), { id: 'b' }), OUT)],
  ['H-02', /TARGETDURATION was 2 and is 3/, live(), broken(live({ parts: 2 }), 'TARGETDURATION:2', 'TARGETDURATION:3')],
  ['H-03', /PART-TARGET was/, live(), broken(live({ parts: 2 }), 'TARGET=1.000000', 'TARGET=1.001000')],
  ['H-03', /PART-HOLD-BACK was/, live(), broken(live({ parts: 2 }), 'BACK=3.000000', 'BACK=3.100000')],
  ['H-09', /went back/, ONE_SEGMENT_LATER, live()],
  ['H-09', /was number 1 and is 2/, live(), broken(ONE_SEGMENT_LATER, 'MEDIA-SEQUENCE:1', 'MEDIA-SEQUENCE:2')],
  ['H-10', /moved by 0, 1 discontinuities/, live({ discontinuous: 0 }), broken(live({ discontinuous: 0, first: 1, open: 11 }), 'Y-SEQUENCE:1', 'Y-SEQUENCE:0')],
  ['H-10', /moved by 1, 0 discontinuities/, live(), broken(ONE_SEGMENT_LATER, 'Y-SEQUENCE:0', 'Y-SEQUENCE:1')],
  ['H-15', /the parts of segment 9 went/, live({ parts: 2 }), live({ open: 11, parts: 1 }).replace(/#EXT-X-PART:.*s9\..*\n/g, '')],
  ['H-16', /s10.1.m4s was hinted at, s11.0.m4s came/, live(), live({ open: 11 }).replace(/#EXT-X-PART:.*s10.1.*\n/, '')],
  ['H-16', /i0.1.mp4 was hinted at, i0.2.mp4 holds/, broken(live({ parts: 2 }), END, `${END}:TYPE=MAP,URI="i0.1.mp4"\n${END}`), rotated('i0.2.mp4')],
  ['H-16', /i0.1.mp4 came, and was not hinted at/, live({ parts: 2 }), rotated('i0.1.mp4')],
  ['H-19', /EXTINF was 2.000000, and is 1.900000/, live(), broken(live({ parts: 2 }), '#EXTINF:2.000000', '#EXTINF:1.900000')],
  ['H-19', /uri was s3.m4s/, live(), broken(live({ parts: 2 }), 's3.m4s', 's3b.m4s')],
  ['H-19', /MAP was URI="i0.mp4"/, live(), broken(live({ parts: 2 }), 'i0.mp4', 'i1.mp4')],
  ['H-19', /DATE-TIME was/, live(), broken(live({ parts: 2 }), '16:30:04.000Z', '16:30:04.010Z')],
  ['H-19', /DISCONTINUITY was false/, live(), broken(live({ parts: 2 }), 's2.m4s\n', 's2.m4s\n#EXT-X-DISCONTINUITY\n')],
  ['H-19', /ends with segment 10, ended with 11/, live({ open: 11 }), live()],
  ['H-19', /segment 10 is gone/, live({ open: 11 }), live()],
  ['H-19', /part 0 of segment 9 was/, live(), second(live({ parts: 2 }))],
  ['H-19', /part 1 of segment 10 was .* gone/, live({ parts: 2 }), live()],
  ['H-19', /the parts of segment 10 are gone/, live(), live({ parts: 0 })],
  ['H-19', /was whole with 2 parts and has 3/, live(), broken(live({ parts: 2 }), '#EXTINF:2.000000,\ns9.m4s', '#EXT-X-PART:DURATION=1.000000,URI="s9.2.m4s"\n#EXTINF:2.000000,\ns9.m4s')],
  ['H-20', /although only 3 stay/, live({ first: 7 }), live({ first: 8, open: 11 })],
  ['H-20', /less than three target durations stay/, live({ first: 7 }), live({ first: 8 })],
  ['H-22', /PLAYLIST-TYPE changed/, live(), broken(live({ parts: 2 }), '#EXT-X-MEDIA', '#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA')],
  ['H-22', /an EVENT lost a segment/, ...[live(), ONE_SEGMENT_LATER].map((one) => broken(one, '#EXT-X-MEDIA', '#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA'))],
  ['H-22', /went on after ENDLIST/, ended(live()), live({ open: 11 })],
];

const MULTIVARIANTS = [
  ['H-01', /first line/, broken(multivariant, '#EXTM3U\n', '')],
  ['H-01', /EXT-X-VERSION is null/, without(multivariant, '#EXT-X-VERSION')],
  ['H-01', /VERSION stands twice/, broken(multivariant, '#EXT-X-VERSION:6', '#EXT-X-VERSION:6\n#EXT-X-VERSION:6')],
  ['syntax', /TARGETDURATION is unknown/, broken(multivariant, '#EXT-X-INDEP', '#EXT-X-TARGETDURATION:2\n#EXT-X-INDEP')],
  ['syntax', /no EXT-X-STREAM-INF before it/, broken(multivariant, 'v0/', 'v1/index.m3u8\nv0/')],
  ['syntax', /between EXT-X-STREAM-INF and its URI/, broken(multivariant, 'v0/', '#EXT-X-VERSION:6\nv0/')],
  ['syntax', /ends in the middle/, broken(multivariant, 'v0/index.m3u8\n', '')],
  ['syntax', /RESOLUTION=720p/, broken(multivariant, '1280x720', '720p')],
  ['H-60', /there is no variant/, multivariant.replace(/#EXT-X-STREAM-INF.*\n.*\n/, '')],
  ['H-60', /says no AVERAGE-BANDWIDTH/, broken(multivariant, ',AVERAGE-BANDWIDTH=2500000', '')],
  ['H-60', /says no CODECS/, broken(multivariant, ',CODECS="avc1.64001f,mp4a.40.2"', '')],
  ['H-60', /says no RESOLUTION/, broken(multivariant, ',RESOLUTION=1280x720', '')],
  ['H-60', /says no FRAME-RATE/, broken(multivariant, ',FRAME-RATE=29.970', '')],
  ['H-60', /less than AVERAGE-BANDWIDTH/, broken(multivariant, '=2800000', '=2400000')],
  ['H-60', /has not three decimals/, broken(multivariant, '29.970', '29.97')],
  ['H-60', /VIDEO-RANGE=HDR/, broken(multivariant, ',AUDIO', ',VIDEO-RANGE=HDR,AUDIO')],
  ['H-61', /there is no audio group/, broken(multivariant, 'AUDIO="aac"', 'AUDIO="ac3"')],
  ['H-61', /CODECS names no sound/, broken(multivariant, ',mp4a.40.2', '')],
  ['H-61', /sound is a playlist of its own/, broken(multivariant, ',AUDIO="aac"', '')],
  ['H-61', /says no CHANNELS/, broken(multivariant, ',CHANNELS="2"', '')],
  ['H-61', /LANGUAGE=und says nothing/, broken(multivariant, 'LANGUAGE="deu"', 'LANGUAGE="und"')],
  ['H-61', /LANGUAGE=German is none/, broken(multivariant, '"deu"', '"German"')],
  ['H-61', /are called English/, broken(multivariant, 'Deutsch', 'English')],
  ['H-61', /2 renditions of aac are the default/, broken(multivariant, 'DEFAULT=NO', 'DEFAULT=YES')],
  ['H-61', /not AUTOSELECT/, broken(multivariant, 'AUTOSELECT=YES', 'AUTOSELECT=NO')],
  ['H-61', /Deutsch of aac is missing in ac-3/, without(twoCodecs, '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="ac-3",NAME="Deutsch"')],
  ['H-61', /English is DEFAULT=NO here and YES in/, broken(twoCodecs, 'DEFAULT=YES,AUTOSELECT=YES,CHANNELS="6"', 'DEFAULT=NO,AUTOSELECT=YES,CHANNELS="6"')],
  ['H-61', /English is LANGUAGE=en here and eng in/, broken(twoCodecs, 'LANGUAGE="eng",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="6"', 'LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="6"')],
  ['H-61', /English is CHARACTERISTICS=a here and absent in/, broken(twoCodecs, 'AUTOSELECT=YES,CHANNELS="6"', 'AUTOSELECT=YES,CHARACTERISTICS="a",CHANNELS="6"')],
  ['H-62', /stands 0 times/, without(multivariant, '#EXT-X-INDEPENDENT')],
  ['H-62', /says no CLOSED-CAPTIONS/, broken(multivariant, ',CLOSED-CAPTIONS=NONE', '')],
  ['H-62', /no group of captions/, broken(multivariant, 'CAPTIONS=NONE', 'CAPTIONS="cc"')],
  ['H-62', /another NONE/, `${broken(multivariant, 'CAPTIONS=NONE', 'CAPTIONS="cc"')}${multivariant.match(/#EXT-X-STREAM-INF.*\n/)[0]}v1/index.m3u8\n`],
  ['H-62', /have an INSTREAM-ID/, broken(multivariant, '#EXT-X-STREAM', '#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="CC1"\n#EXT-X-STREAM')],
  ['H-64', /v0.* is not relative/, broken(multivariant, 'v0/index', 'https://host/v0/index')],
  ['H-64', /a0.* is not relative/, broken(multivariant, 'URI="a0', 'URI="/live/a0')],
];

function finds(rule, pattern, found) {
  assert.ok(found.some((one) => one.rule === rule && pattern.test(one.text)), `${rule} ${pattern} is not among:\n${text(found)}`);
}

for (const [rule, pattern, playlist] of MEDIA)
  test(`${rule} finds in a playlist: ${pattern.source}`, () => finds(rule, pattern, judgeMedia(readMediaPlaylist(playlist), OTHERS)));
for (const [rule, pattern, before, after] of CHANGES)
  test(`${rule} finds in a change: ${pattern.source}`, () => finds(rule, pattern, judgeChange(readMediaPlaylist(before), readMediaPlaylist(after))));
for (const [rule, pattern, playlist] of MULTIVARIANTS)
  test(`${rule} finds in a multivariant playlist: ${pattern.source}`, () => finds(rule, pattern, judgeMultivariant(readMultivariant(playlist))));

const measured = (pictures, ...sounds) => new Map([['v0/index.m3u8', pictures], ...sounds.map((rate, i) => [`a${i}/index.m3u8`, rate])]);
test('H-60 finds that more comes than BANDWIDTH says, and only then', () => {
  const said = readMultivariant(multivariant);  // 2,800,000: a quarter more is 3,500,000.
  finds('H-60', /BANDWIDTH=2800000, and 3520000 came/, judgeMeasured(said, measured(3_390_000, 120_000, 130_000)));
  assert.deepEqual(judgeMeasured(said, measured(3_390_000, 100_000, 110_000)), []);
  assert.deepEqual(judgeMeasured(said, new Map()), []);
});

test('a peak is of half a target duration to one and a half', () => {
  assert.equal(peakOf([[100, 1], [900, 1], [200, 1]], 2), 7200);
  assert.equal(peakOf([[100, 1], [900, 0.1], [200, 1]], 2), (8 * 1100) / 1.1);
  assert.equal(peakOf([[100, 3.5], [900, 0.1]], 2), 0);
});

test('every rule has a playlist that breaks it', () => {
  for (const [rules, cases] of [[MEDIA_RULES, MEDIA], [CHANGE_RULES, CHANGES], [MULTIVARIANT_RULES, MULTIVARIANTS]])
    for (const [rule] of rules) assert.ok(cases.some(([of]) => of === rule), `${rule} has none`);
});

const GOOD = {
  'a live one': live(), 'between two segments': live({ parts: 0 }), 'a whole segment in parts': live({ parts: 2 }),
  'one that has moved on': live({ first: 4, open: 14 }), 'a delta': live({ skipped: 4 }), 'a file': vod, 'one that has ended': ended(live({ parts: 0 })),
  'an encrypted one': encrypted(live()), 'an encrypted delta': encrypted(live({ skipped: 4 })),
  'a break': withRange(live(), OUT), 'a break and the way back': withRange(withRange(live(), OUT), IN), 'another format': live({ discontinuous: 8 }), 'a delta with another format': live({ skipped: 4, discontinuous: 8 }),
};
for (const [name, playlist] of Object.entries(GOOD))
  test(`nothing is found in ${name}`, () => assert.equal(text(judgeMedia(readMediaPlaylist(playlist), OTHERS)), ''));
for (const [name, playlist] of Object.entries({ 'pictures and sound': multivariant, 'sound alone': soundOnly, 'sound of two codecs': twoCodecs, 'sound without a language beside one that has one': broken(multivariant, ',LANGUAGE="deu"', ''),
  'sound of which one codec has more': twoCodecs.replace(/#EXT-X-MEDIA:.*GROUP-ID="aac",NAME="Deutsch".*\n/, '') }))
  test(`nothing is found in a multivariant playlist of ${name}`, () => assert.equal(text(judgeMultivariant(readMultivariant(playlist))), ''));

test('nothing is found while a stream goes on, part by part', () => {
  let before = null;
  for (let open = 10; open < 24; ++open)
    for (let parts = 0; parts <= 2; ++parts) {
      const first = Math.max(0, open - 10);
      const after = readMediaPlaylist(live({ first, open, parts, discontinuous: 12 }));
      assert.equal(text(judgeMedia(after, OTHERS)), '');
      if (before) assert.equal(text(judgeChange(before, after)), '');
      before = after;
    }
});

const FRAME = 33_333;
const together = (...all) => judgeVariants(all.map((one) => readMediaPlaylist(one)), FRAME).map(({ place, line, text: what }) => `${place}:${line} ${what}`);

test('H-63 finds nothing of variants that are cut together, however far each has come', () => {
  assert.deepEqual(together(live()), []);
  assert.deepEqual(together(live(), live({ parts: 0 }), live({ first: 3, open: 12 })), []);
});

test('H-63 finds a number that is not the same media in two variants', () => {
  const shifted = broken(live(), '16:30:08.000Z', '16:30:08.040Z');
  assert.match(together(live(), shifted).join(), /^1:\d+ segment 4 begins 0.040 s from/);
  assert.match(together(shifted, live(), live()).join(), /^1:\d+ segment 4 begins -0.040 s from.*,2:\d+ segment 4 begins -0.040 s from/);
  assert.deepEqual(together(live(), broken(live(), '16:30:08.000Z', '16:30:08.033Z')), []);
});

test('H-63 finds nothing of a gap that also stands for what is missing in front of it', () => {
  const gap = broken(broken(live(), '16:30:08.000Z', '16:30:07.300Z'), /#EXTINF:[\d.]+,\ns4\.m4s/, (inf) => `#EXT-X-GAP\n${inf}`);
  assert.match(gap, /#EXT-X-GAP\n#EXTINF/);
  assert.deepEqual(together(live(), gap), []);
});

test('H-63 finds a number that is behind other discontinuities in two variants', () => {
  assert.match(together(live(), broken(live(), 'Y-SEQUENCE:0', 'Y-SEQUENCE:1')).join(), /^1:\d+ segment 0 is behind 1 discontinuities, and 0 in another variant,/);
  assert.match(together(live({ discontinuous: 8 }), live()).join(), /^1:\d+ segment 8 is behind 0 discontinuities, and 1 in another variant,1:\d+ segment 9 /);
  assert.match(together(live({ discontinuous: 8 }), live({ discontinuous: 7 })).join(), /^1:\d+ segment 7 [^,]*, and 0 in another variant$/);
  assert.match(together(live({ discontinuous: 4 }), live({ first: 6, open: 16 })).join(), /^1:\d+ segment 6 is behind 0 /);
});

test('H-63 finds nothing of the same discontinuities, listed or gone', () => {
  assert.deepEqual(together(live({ discontinuous: 8 }), live({ discontinuous: 8, first: 3, open: 12 })), []);
  assert.deepEqual(together(live({ discontinuous: 4 }), live({ discontinuous: 4, first: 4, open: 13 }), live({ discontinuous: 4, first: 6, open: 14 })), []);
  assert.deepEqual(together(live({ open: 8, discontinuous: 8 }), live({ discontinuous: 8 })), []);
});

test('H-63 finds nothing of a gap that a discontinuity is in', () => {
  const missed = live({ discontinuous: 7 }).replace(/(#EXTINF:[^\n]+\ns6\.m4s)/, '#EXT-X-GAP\n$1');
  assert.match(missed, /#EXT-X-GAP\n#EXTINF/);
  assert.deepEqual(together(live({ discontinuous: 6 }), missed), []);
});

const sound = (pictures, ...sounds) => judgeSound(sounds.map((one) => readMediaPlaylist(one)), pictures.map((one) => readMediaPlaylist(one))).map(({ place, line, text: what }) => `${place}:${line} ${what}`);
// Every date `seconds` later, every number `by` higher.
const renumbered = (whole, seconds, by = 0) => whole.replace(/(DATE-TIME:)(\S+)/g, (_, tag, at) => `${tag}${new Date(Date.parse(at) + seconds * 1e3).toISOString()}`)
  .replace(/(MEDIA-SEQUENCE:)(\d+)/, (_, tag, first) => `${tag}${Number(first) + by}`);

test('H-63 finds sound that is behind other discontinuities than its pictures, however it is numbered', () => {
  assert.match(sound([live()], live(), broken(live(), 'Y-SEQUENCE:0', 'Y-SEQUENCE:1')).join(), /^1:\d+ segment 0 is behind 1 discontinuities, and 0 in the pictures of its time,/);
  assert.match(sound([live({ discontinuous: 8 })], renumbered(live(), 0.4, 100)).join(), /^0:\d+ segment 108 is behind 0 discontinuities, and 1 in the pictures/);
  assert.match(sound([], live(), live({ discontinuous: 8 })).join(), /^1:\d+ segment 8 .*1:\d+ segment 9 [^,]*, and 0 [^,]*$/);
});

test('H-63 finds nothing of sound that its pictures cannot be compared with', () => {
  const both = live({ discontinuous: 8 });
  assert.deepEqual(sound([both], both, renumbered(both, 0.4, 100), renumbered(both, -0.4), live({ discontinuous: 8, first: 5, open: 14 })), []);
  assert.deepEqual(sound([both], renumbered(live(), 100)), []);
  assert.deepEqual(sound([], live()), []);
  const gone = live({ discontinuous: 8 }).replaceAll(/#EXTINF:[^\n]+\ns[89]\.m4s/g, (inf) => `#EXT-X-GAP\n${inf}`);
  assert.deepEqual([sound([gone], live()), sound([live()], gone)], [[], []]);
  // An end of sound that reaches over its pictures' discontinuity.
  const end = broken(live({ discontinuous: 8 }), /#EXTINF:2.0+,\ns7/, '#EXTINF:0.300000,\ns7').replace('16:30:14.000Z', '16:30:16.000Z').replace('#EXTINF:2.000000,\ns6', '#EXTINF:4.000000,\ns6');
  assert.deepEqual(sound([both], end), []);
});

// Behind the discontinuity in front of segment 8 dates have gone back by four seconds, from 16 to 12.
const back = (words = {}) => live({ open: 14, discontinuous: 8, ...words }).replace(/(DATE-TIME:)(\S+)/g, (_, tag, at) => `${tag}${new Date(Date.parse(at) - (Date.parse(at) >= Date.parse('2026-11-26T16:30:16Z') ? 4e3 : 0)).toISOString()}`);
const unmarked = (whole) => broken(whole, '#EXT-X-DISCONTINUITY\n', '');

test('H-63 judges sound before and behind where dates went back', () => {
  const found = (pictures, its) => sound([pictures], its).map((one) => Number(/segment (\d+) /.exec(one)[1]));
  assert.deepEqual(found(back(), broken(back(), 'Y-SEQUENCE:0', 'Y-SEQUENCE:1')), [...Array(14).keys()]);
  assert.deepEqual(found(back(), unmarked(back())), [8, 9, 10, 11, 12, 13]);
  assert.deepEqual(found(unmarked(back()), renumbered(back(), 0.4, 100)), [108, 109, 110, 111, 112, 113]);
  // Of a time that one of them has twice, nothing is known of the other.
  assert.deepEqual(found(back({ first: 8 }), unmarked(back({ first: 5 }))), [10, 11, 12, 13]);
  assert.deepEqual(found(back(), live({ open: 12 })), [8, 9, 10, 11]);
});

test('H-63 finds nothing of sound that has come less far, or further, than where dates went back', () => {
  for (const [pictures, its] of [[{ first: 8 }, { first: 5 }], [{ first: 5 }, { first: 8 }], [{}, { open: 8 }], [{ open: 8 }, {}], [{ open: 8 }, { open: 9 }], [{ first: 7, open: 15 }, {}]])
    assert.deepEqual(sound([back(pictures)], back(its)), [], `${JSON.stringify(pictures)} and ${JSON.stringify(its)}`);
  // Gaps beside it are of times that are in two places as well.
  const lacking = (msn) => broken(back(), `#EXTINF:2.000000,\ns${msn}.`, `#EXT-X-GAP\n#EXTINF:2.000000,\ns${msn}.`);
  for (const gap of [lacking(7), lacking(8)])
    for (const whole of [back({ open: 8 }), back({ first: 8 }), back()]) assert.deepEqual([sound([gap], whole), sound([whole], gap)], [[], []]);
  // They go back from 16 to 12 twice, and one has lost the first of it.
  const twice = (first) => back({ first }).replace(/#EXT-X-PROGRAM\S+16:30:16\.000Z[^]*/, (rest) => `#EXT-X-DISCONTINUITY\n${rest.replace(/(DATE-TIME:)(\S+)/g, (_, tag, at) => `${tag}${new Date(Date.parse(at) - 4e3).toISOString()}`)}`);
  assert.deepEqual([sound([twice(0)], twice(8)), sound([twice(8)], twice(0))], [[], []]);
});

test('H-63 finds variants that number on their own', () => assert.match(together(live(), live({ first: 20, open: 30 })).join(), /^0:1 no number is in all variants: 0 to 9, 20 to 29/));

test('H-18 finds nothing of renditions that are in step, where a segment ends as well', () => {
  for (const [parts, msn, part] of [[1, 10, 2], [1, 9, 4], [1, 9, 3], [2, 9, 4], [0, 9, 2], [0, 10, 1], [4, 11, 0], [5, 11, 1], [1, 9, 5]])
    assert.equal(text(judgeMedia(readMediaPlaylist(reported(live({ whole: 5, parts }), msn, part)), OTHERS)), '', `${msn}.${part} beside ${parts} parts of 10`);
});

test('where parts may be late, others may be as many parts away', () => {
  const isFound = (part, lateMs) => text(judgeMedia(readMediaPlaylist(reported(live({ whole: 5 }), 9, part)), { ...OTHERS, lateMs })).includes('H-18');
  assert.ok(isFound(2, 150));
  assert.ok(!isFound(2, 500));
  assert.ok(isFound(0, 500));
});

test('H-11 goes by how long a frame is said to be', () => {
  const off = broken(live(), '16:30:04.000Z', '16:30:04.038Z');
  finds('H-11', /is 0.038000 s from where the segments before it end/, judgeMedia(readMediaPlaylist(off), { ...OTHERS, frame: 34_000 }));
  assert.equal(text(judgeMedia(readMediaPlaylist(off), { ...OTHERS, frame: 42_000 })), '');
});

test('a range that is over goes with the segments', () => {
  const before = readMediaPlaylist(withRange(withRange(live({ first: 6, open: 16 }), OUT), IN));  // It ends at 12 s, as the first segment begins.
  assert.equal(text(judgeChange(before, readMediaPlaylist(live({ first: 7, open: 17 })))), '');
});

test('a delta and the playlist before it are the playlist after it', () => {
  const whole = reconstruct(readMediaPlaylist(live()), readMediaPlaylist(live({ first: 1, open: 11, skipped: 4 })));
  assert.equal(text(judgeChange(readMediaPlaylist(ONE_SEGMENT_LATER), whole)), '');
  assert.equal(whole.segments.length, 10);
});

test('a delta that skips what the player never had is not reconstructed', () =>
  assert.equal(reconstruct(readMediaPlaylist(live()), readMediaPlaylist(live({ first: 8, open: 18, skipped: 4 }))), null));

test('a delta that kept a segment as it is not is found by the change', () => {
  const delta = broken(live({ skipped: 4, parts: 2 }), '#EXTINF:2.000000,\ns5', '#EXTINF:1.990000,\ns5');
  finds('H-19', /segment 5: EXTINF/, judgeChange(readMediaPlaylist(live()), reconstruct(readMediaPlaylist(live()), readMediaPlaylist(delta))));
});

test('three segments are enough for a start, and not any more when one has gone', () => {
  const short = (text) => judgeMedia(readMediaPlaylist(text), OTHERS).filter((one) => one.rule === 'H-20').length;
  const start = (first) => live({ first, open: first + 3 }).replaceAll('#EXTINF:2.000000', '#EXTINF:1.000000').replaceAll('DURATION=1.000000', 'DURATION=0.500000');
  assert.deepEqual([short(start(0)), short(start(8))], [0, 1]);
});

test('the init segment that was hinted at may come', () => {
  const hinted = broken(live({ parts: 2 }), END, `${END}:TYPE=MAP,URI="i0.1.mp4"\n${END}`);
  assert.equal(text(judgeChange(readMediaPlaylist(hinted), readMediaPlaylist(rotated('i0.1.mp4'))).filter((one) => one.rule === 'H-16')), '');
});

test('a hint may be in vain where the source broke off', () => {
  const after = live({ open: 11, discontinuous: 11 }).replace(/#EXT-X-PART:.*s10.1.*\n/, '').replace(/(#EXTINF:)2.000000(,\ns10.m4s)/, '$11.000000$2');
  assert.equal(text(judgeChange(readMediaPlaylist(live()), readMediaPlaylist(after)).filter((one) => one.rule === 'H-16')), '');
});

test('the renditions of a multivariant playlist', () => assert.deepEqual(renditions(readMultivariant(multivariant)), [
  { uri: 'v0/index.m3u8', isAudio: false }, { uri: 'a0/index.m3u8', isAudio: true }, { uri: 'a1/index.m3u8', isAudio: true }]));
