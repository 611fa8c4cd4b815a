// What one media playlist must be, by itself. Each rule is a sentence, its number the requirement's; `context` says what
// the lines cannot: whether it is of pictures, which other playlists its presentation has, how long a frame is.

import { decimals, micros, secondsText } from './attributes.mjs';
import { listedLength, sum } from './media_playlist.mjs';

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const DEFAULT_FRAME = 42_000;  // Microseconds: the slowest usual rate's.
const PARTS_LISTED_TARGETS = 3;
const START_SEGMENTS = 3;
const PARTS_APART = 2;  // One in time, and one more since those of sound are not as long as those of pictures.

const withOpen = (playlist) => (playlist.open ? [...playlist.segments, playlist.open] : playlist.segments);
const isLowLatency = (playlist) => playlist.partTarget !== null || withOpen(playlist).some((one) => one.parts.length > 0);
const headerLine = (playlist, name) => playlist.header[name]?.line ?? 1;
const target = (playlist) => (playlist.targetDuration ?? 0) * 1e6;

function neededVersion(playlist) {
  if (playlist.header['EXT-X-SKIP']) return playlist.header['EXT-X-SKIP'].attributes['RECENTLY-REMOVED-DATERANGES'] === undefined ? 9 : 10;
  if (withOpen(playlist).some((one) => one.map)) return 6;
  if (withOpen(playlist).some((one) => one.key)) return 5;
  return 3;
}

function* version(playlist) {
  if (!playlist.text.startsWith('#EXTM3U\n')) yield [1, 'the first line is not #EXTM3U'];
  const needed = neededVersion(playlist);
  const line = headerLine(playlist, 'EXT-X-VERSION');
  if (playlist.version === null) yield [line, 'there is no EXT-X-VERSION'];
  else if (playlist.version !== needed) yield [line, `says version ${playlist.version}, uses what is in ${needed}`];
}

function* targetDuration(playlist) {
  if (!playlist.targetDuration) yield [headerLine(playlist, 'EXT-X-TARGETDURATION'), 'TARGETDURATION is no whole number of seconds from 1'];
  for (const one of playlist.segments)
    if (Math.round(one.duration / 1e6) > (playlist.targetDuration ?? 0))
      yield [one.inf?.line ?? one.line, `a segment of ${secondsText(one.duration)} rounds to more than TARGETDURATION`];
}

function* partTarget(playlist) {
  const part = withOpen(playlist).flatMap((one) => one.parts)[0];
  if (part && playlist.partTarget === null) yield [part.line, 'has parts but no EXT-X-PART-INF'];
}

function* partLength(playlist) {
  for (const part of withOpen(playlist).flatMap((one) => one.parts)) {
    if (decimals(part.text) < 5) yield [part.line, `DURATION=${part.text} has fewer than 5 decimals`];
    if (Number(part.text) > Number(playlist.partTarget ?? Infinity)) yield [part.line, `a part of ${part.text} s is longer than PART-TARGET=${playlist.partTarget}`];
  }
}

// The last of a segment may be short; of the open segment nobody knows yet which that is.
function* partShortness(playlist) {
  const least = 0.85 * Number(playlist.partTarget ?? 0);
  for (const one of withOpen(playlist))
    for (const [i, part] of one.parts.slice(0, -1).entries())
      if (Number(part.text) < least && !part.isIndependent && !part.isGap && !one.parts[i + 1].isGap)
        yield [part.line, `a part of ${part.text} s is less than 85 % of PART-TARGET=${playlist.partTarget}`];
}

function* serverControl(playlist) {
  if (!isLowLatency(playlist)) return;
  const line = headerLine(playlist, 'EXT-X-SERVER-CONTROL');
  const { control } = playlist;
  const at = (name) => micros(control[name] ?? '0');
  const parts = micros(playlist.partTarget ?? '0');
  if (control['CAN-BLOCK-RELOAD'] !== 'YES') yield [line, 'CAN-BLOCK-RELOAD=YES is missing'];
  if (control['PART-HOLD-BACK'] === undefined || at('PART-HOLD-BACK') < 3 * parts) yield [line, `PART-HOLD-BACK is less than three times PART-TARGET=${playlist.partTarget}`];
  if (control['HOLD-BACK'] !== undefined && at('HOLD-BACK') < 3 * target(playlist)) yield [line, 'HOLD-BACK is less than three target durations'];
  if (control['CAN-SKIP-UNTIL'] === undefined || at('CAN-SKIP-UNTIL') < 6 * target(playlist)) yield [line, 'CAN-SKIP-UNTIL is less than six target durations'];
}

function* mediaSequence(playlist) {
  const entry = playlist.header['EXT-X-MEDIA-SEQUENCE'];
  if (!entry) yield [1, 'there is no EXT-X-MEDIA-SEQUENCE'];
  else if (entry.line > playlist.firstSegmentLine) yield [entry.line, 'MEDIA-SEQUENCE stands behind the first segment'];
  if (entry && playlist.skip && playlist.skip.line < entry.line) yield [playlist.skip.line, 'EXT-X-SKIP stands before MEDIA-SEQUENCE'];
}

function* discontinuitySequence(playlist) {
  const entry = playlist.header['EXT-X-DISCONTINUITY-SEQUENCE'];
  if (!entry) yield [1, 'there is no EXT-X-DISCONTINUITY-SEQUENCE'];
  else if (entry.line > playlist.firstSegmentLine) yield [entry.line, 'DISCONTINUITY-SEQUENCE stands behind the first segment'];
}

function* dates(playlist, context) {
  const all = withOpen(playlist);
  if (all.length > 0 && !all.some((one) => one.date)) yield [1, 'there is no EXT-X-PROGRAM-DATE-TIME'];
  for (const one of all) {
    if (one.discontinuity && !one.date) yield [one.discontinuity.line, 'no date behind a discontinuity'];
    if (one.date && !DATE.test(one.date.value)) yield [one.date.line, `${one.date.value} is no date in UTC to the millisecond`];
  }
  yield* datesAgree(all, context.frame ?? DEFAULT_FRAME);
}

function* datesAgree(all, frame) {
  let expected = null;
  for (const one of all) {
    const said = one.date ? Date.parse(one.date.value) * 1e3 : null;
    if (one.discontinuity) expected = null;
    if (said !== null && expected !== null && Math.abs(said - expected) > frame)
      yield [one.date.line, `is ${secondsText(said - expected)} from where the segments before it end`];
    const begins = said ?? expected;
    expected = begins === null ? null : begins + one.duration;
  }
}

function* stateBeforeParts(playlist) {
  for (const one of withOpen(playlist))
    for (const { name, line } of one.late) yield [line, `${name} stands behind a part of its segment`];
}

function* independence(playlist, context) {
  if (playlist.header['EXT-X-INDEPENDENT-SEGMENTS']) yield [headerLine(playlist, 'EXT-X-INDEPENDENT-SEGMENTS'), 'INDEPENDENT-SEGMENTS belongs in the multivariant playlist'];
  if (context.isAudio) return;
  for (const one of withOpen(playlist))
    if (one.parts.length > 0 && !one.parts[0].isIndependent && !one.parts[0].isGap)
      yield [one.parts[0].line, 'a segment begins with a part that is not INDEPENDENT'];
}

function* partsListed(playlist) {
  let left = listedLength(playlist);
  for (const one of playlist.segments) {
    left -= one.duration;
    if (one.parts.length > 0 && left > PARTS_LISTED_TARGETS * target(playlist)) yield [one.parts[0].line, 'parts that are more than three target durations from the end'];
  }
}

function* hints(playlist) {
  const parts = playlist.hints.filter((hint) => hint.attributes.TYPE === 'PART');
  const maps = playlist.hints.filter((hint) => hint.attributes.TYPE === 'MAP');
  for (const hint of playlist.hints)
    if (!['PART', 'MAP'].includes(hint.attributes.TYPE)) yield [hint.line, `a hint of TYPE=${hint.attributes.TYPE}`];
  if (playlist.endlist) {
    if (playlist.hints.length > 0) yield [playlist.hints[0].line, 'hints at what comes after the end'];
    return;
  }
  if (isLowLatency(playlist) && parts.length !== 1) yield [parts[1]?.line ?? 1, `${parts.length} hints at a next part; there is one`];
  if (maps.length > 1) yield [maps[1].line, 'two hints at a next MAP'];
  const listed = new Set(withOpen(playlist).flatMap((one) => one.parts.map((part) => part.uri)));
  for (const hint of parts) if (listed.has(hint.attributes.URI)) yield [hint.line, `${hint.attributes.URI} is hinted at and already listed`];
  for (const hint of maps) if (hint.attributes.URI === withOpen(playlist).at(-1)?.map?.attributes.URI) yield [hint.line, 'hints at the MAP that holds already'];
}

// The newest part that is listed: { msn, part }, or null where the newest segment lists none.
function lastPart({ open, segments }) {
  const newest = open?.parts.length > 0 ? open : segments.at(-1);
  return newest?.parts.length > 0 ? { msn: newest.msn, part: newest.parts.length - 1 } : null;
}

// From part to part, over the ends of segments. How many the open one will have nobody knows: as many as the one before.
function partsBetween(playlist, from, to) {
  const whole = playlist.segments.filter((one) => one.parts.length > 0);
  const counts = new Map(whole.map((one) => [one.msn, one.parts.length]));
  const usual = Math.max(whole.at(-1)?.parts.length ?? 0, playlist.open?.parts.length ?? 0);
  let count = to.part - from.part;
  for (let { msn } = from; msn < to.msn; ++msn) count += counts.get(msn) ?? usual;
  return count;
}

// Where parts may be late, one stream of a group may be so alone.
const partsApart = (playlist, { lateMs = 0 }) => PARTS_APART + Math.floor((1e3 * lateMs) / micros(playlist.partTarget ?? '0'));

function* inStep(playlist, line, reported, context) {
  const own = lastPart(playlist);
  if (own === null) return;
  const apart = own.msn < reported.msn ? partsBetween(playlist, own, reported) : partsBetween(playlist, reported, own);
  if (Math.abs(apart) > partsApart(playlist, context)) yield [line, `is at part ${reported.msn}.${reported.part}, this playlist at ${own.msn}.${own.part}: ${Math.abs(apart)} parts apart`];
}

// `others`: URIs of the presentation's other media playlists, as seen from this one.
function* reports(playlist, context) {
  for (const { line, attributes } of playlist.reports) {
    if (/^([a-z]+:|\/)/i.test(attributes.URI ?? '')) yield [line, `${attributes.URI} is not relative`];
    if (attributes['LAST-MSN'] === undefined) yield [line, 'says no LAST-MSN'];
    else if (Math.abs(Number(attributes['LAST-MSN']) - playlist.openMsn) > 1) yield [line, `is at ${attributes['LAST-MSN']}, this playlist at ${playlist.openMsn}`];
    else if (attributes['LAST-PART'] !== undefined) yield* inStep(playlist, line, { msn: Number(attributes['LAST-MSN']), part: Number(attributes['LAST-PART']) }, context);
    if (playlist.partTarget !== null && attributes['LAST-PART'] === undefined) yield [line, 'says no LAST-PART'];
  }
  if (!context.others || playlist.endlist || !isLowLatency(playlist)) return;
  const said = playlist.reports.map((report) => report.attributes.URI);
  for (const uri of context.others) if (said.filter((one) => one === uri).length !== 1) yield [1, `reports ${uri} ${said.filter((one) => one === uri).length} times, not once`];
  for (const { line, attributes } of playlist.reports) if (!context.others.includes(attributes.URI)) yield [line, `${attributes.URI} is none of the presentation's other playlists`];
}

// At the start three segments are enough, whatever they are long.
function* length(playlist) {
  if (playlist.endlist || playlist.skip) return;
  const isStart = playlist.mediaSequence === 0 && playlist.segments.length >= START_SEGMENTS;
  if (!isStart && listedLength(playlist) < PARTS_LISTED_TARGETS * target(playlist)) yield [1, 'is shorter than three target durations'];
  const [first] = playlist.segments;
  if (first?.gap && playlist.mediaSequence === 0) yield [first.gap.line, 'its beginning is padded with gaps'];
}

function* exactness(playlist, context) {
  for (const one of playlist.segments)
    if (one.parts.length > 0 && Math.abs(sum(one.parts) - one.duration) >= (context.frame ?? DEFAULT_FRAME) / 2)
      yield [one.line, `its parts add up to ${secondsText(sum(one.parts))}, EXTINF says ${secondsText(one.duration)}`];
}

function* kind(playlist) {
  const entry = playlist.header['EXT-X-PLAYLIST-TYPE'];
  if (entry && !['EVENT', 'VOD'].includes(entry.value)) yield [entry.line, `PLAYLIST-TYPE:${entry.value}`];
  if (entry?.value === 'VOD' && !playlist.endlist) yield [entry.line, 'VOD without ENDLIST'];
}

// Several tags of one ID are one range: what two of them say is the same. §4.4.5.1
function* dateranges(playlist) {
  const ranges = new Map();
  for (const { line, attributes } of playlist.dateranges) {
    const range = ranges.get(attributes.ID) ?? {};
    for (const [name, value] of Object.entries(attributes))
      if ((range[name] ?? value) !== value) yield [line, `${attributes.ID}: ${name} was ${range[name]} and is ${value}`];
    ranges.set(attributes.ID, { ...range, ...attributes });
    for (const name of ['DURATION', 'PLANNED-DURATION']) if (Number(attributes[name] ?? 0) < 0) yield [line, `${name} is negative`];
    if (Number.isNaN(Date.parse(attributes['START-DATE'] ?? ''))) yield [line, 'a range without START-DATE'];
    if (!withOpen(playlist).some((one) => one.date)) yield [line, 'a range, but no PROGRAM-DATE-TIME to place it by'];
  }
}

function* delta(playlist) {
  if (!playlist.skip) return;
  const { line, count } = playlist.skip;
  const until = playlist.control['CAN-SKIP-UNTIL'];
  if (!(count >= 1)) yield [line, 'skips nothing'];
  if (until === undefined) yield [line, 'skips, but CAN-SKIP-UNTIL is not said'];
  else if (listedLength(playlist) < micros(until)) yield [line, `what is left is ${secondsText(listedLength(playlist))} long: it skips within CAN-SKIP-UNTIL=${until}`];
  const removed = playlist.header['EXT-X-SKIP'].attributes['RECENTLY-REMOVED-DATERANGES'];
  if (removed !== undefined && playlist.control['CAN-SKIP-DATERANGES'] !== 'YES') yield [line, 'skips ranges without CAN-SKIP-DATERANGES'];
}

function* deltaState(playlist) {
  const [first] = playlist.segments;
  if (!playlist.skip || !first) return;
  if (!first.said.map) yield [first.line, 'the first segment that is not skipped has no MAP'];
  if (!first.date) yield [first.line, 'the first segment that is not skipped has no PROGRAM-DATE-TIME'];
  if (playlist.segments.some((one) => one.said.key) && !first.said.key) yield [first.line, 'the first segment that is not skipped has no KEY'];
}

function* noDeltaAtTheEnd(playlist) {
  if (playlist.skip && playlist.endlist) yield [playlist.skip.line, 'skips although nothing more comes'];
}

function* wholeParts(playlist) {
  for (const part of withOpen(playlist).flatMap((one) => one.parts)) if (part.byterange !== null) yield [part.line, 'a part is a byte range, not a resource'];
}

// Samples are encrypted, never whole segments: those would not be their parts. §4.4.4.4
function* encryption(playlist) {
  for (const one of withOpen(playlist)) {
    const formats = one.keys.map(({ attributes }) => attributes.KEYFORMAT ?? 'identity');
    if (new Set(formats).size !== formats.length) yield [one.keys[0].line, 'two keys of one KEYFORMAT'];
    for (const { line, attributes } of one.keys) {
      if (attributes.METHOD !== 'SAMPLE-AES') yield [line, `METHOD=${attributes.METHOD}`];
      if (!/^0x[0-9a-f]{32}$/i.test(attributes.IV ?? '')) yield [line, `IV=${attributes.IV} is not of 16 bytes`];
    }
    if (one.keys.length > 0 && !one.said.map) yield [one.keys[0].line, 'another key without an init segment that names it'];
  }
}

export const MEDIA_RULES = [
  ['H-01', version], ['H-02', targetDuration], ['H-03', partTarget], ['H-04', partLength], ['H-05', partShortness],
  ['H-07', serverControl], ['H-09', mediaSequence], ['H-10', discontinuitySequence], ['H-11', dates], ['H-12', stateBeforeParts],
  ['H-14', independence], ['H-15', partsListed], ['H-16', hints], ['H-18', reports], ['H-20', length], ['H-21', exactness],
  ['H-22', kind], ['H-24', dateranges], ['H-40', delta], ['H-41', deltaState], ['H-42', noDeltaAtTheEnd], ['H-53', wholeParts],
  ['H-90', encryption],
];

export function judgeMedia(playlist, context = {}) {
  const found = [...playlist.findings];
  for (const [rule, check] of MEDIA_RULES) for (const [line, text] of check(playlist, context)) found.push({ rule, line, text });
  return found;
}
