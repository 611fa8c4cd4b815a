// What may have changed from one playlist to the next, both whole: segments come at the end and go at the front, parts of
// old segments go, numbers follow. Everything else stays. §6.2.1

import { sum } from './media_playlist.mjs';

const PARTS_LISTED_TARGETS = 3;
const SEGMENTS_LEAST = 6;

const headerValue = (playlist, name) => playlist.header[name]?.value;
const bySegment = (playlist) => new Map(playlist.segments.map((one) => [one.msn, one]));
const withOpen = (playlist) => (playlist.open ? [...playlist.segments, playlist.open] : playlist.segments);
const isWindow = (playlist) => headerValue(playlist, 'EXT-X-PLAYLIST-TYPE') === undefined;

function* targetDuration(before, after) {
  if (before.targetDuration !== after.targetDuration) yield [after.header['EXT-X-TARGETDURATION']?.line ?? 1, `TARGETDURATION was ${before.targetDuration} and is ${after.targetDuration}`];
}

function* partTarget(before, after) {
  if (before.partTarget !== after.partTarget) yield [after.header['EXT-X-PART-INF']?.line ?? 1, `PART-TARGET was ${before.partTarget} and is ${after.partTarget}`];
  for (const name of ['PART-HOLD-BACK', 'HOLD-BACK', 'CAN-SKIP-UNTIL', 'CAN-BLOCK-RELOAD'])
    if (before.control[name] !== after.control[name]) yield [after.header['EXT-X-SERVER-CONTROL']?.line ?? 1, `${name} was ${before.control[name]} and is ${after.control[name]}`];
}

function* mediaSequence(before, after) {
  const line = after.header['EXT-X-MEDIA-SEQUENCE']?.line ?? 1;
  if (after.mediaSequence < before.mediaSequence) yield [line, `MEDIA-SEQUENCE went back from ${before.mediaSequence} to ${after.mediaSequence}`];
  // A segment that stayed has kept its number.
  const numbers = new Map(before.segments.map((one) => [one.uri, one.msn]));
  for (const one of after.segments) {
    const was = numbers.get(one.uri);
    if (was !== undefined && was !== one.msn) {
      yield [one.line, `${one.uri} was number ${was} and is ${one.msn}`];
      return;
    }
  }
}

function* discontinuitySequence(before, after) {
  const line = after.header['EXT-X-DISCONTINUITY-SEQUENCE']?.line ?? 1;
  const gone = before.segments.filter((one) => one.msn < after.mediaSequence);
  const isWholeStepSeen = after.mediaSequence <= before.openMsn;
  const steps = gone.filter((one) => one.discontinuity).length;
  const step = after.discontinuitySequence - before.discontinuitySequence;
  if (isWholeStepSeen ? step !== steps : step < 0) yield [line, `DISCONTINUITY-SEQUENCE moved by ${step}, ${steps} discontinuities have gone`];
}

const ASPECTS = {
  uri: (one) => one.uri,
  EXTINF: (one) => one.inf?.value,
  MAP: (one) => one.map?.value,
  KEY: (one) => one.key?.value,
  DISCONTINUITY: (one) => Boolean(one.discontinuity),
  'PROGRAM-DATE-TIME': (one) => one.date?.value,
  GAP: (one) => Boolean(one.gap),
};

function* segmentsStay(before, after) {
  const now = bySegment(after);
  for (const was of before.segments.filter((one) => one.msn >= after.mediaSequence)) {
    const one = now.get(was.msn);
    if (!one) {
      yield [1, `segment ${was.msn} is gone, and it was not at the front`];
      continue;
    }
    for (const [name, of] of Object.entries(ASPECTS))
      if (of(was) !== of(one)) yield [one.line, `segment ${was.msn}: ${name} was ${of(was)} and is ${of(one)}`];
  }
  if (after.openMsn < before.openMsn) yield [1, `ends with segment ${after.openMsn}, ended with ${before.openMsn}`];
}

const partText = (part) => `${part.uri} ${part.text} ${part.isIndependent} ${part.isGap}`;

function* partsStay(before, after) {
  const now = new Map(withOpen(after).map((one) => [one.msn, one]));
  for (const was of withOpen(before)) {
    const one = now.get(was.msn);
    if (was.parts.length === 0) continue;
    if (!one) {
      if (was.msn >= after.openMsn) yield [1, `the parts of segment ${was.msn} are gone`];
      continue;
    }
    // Parts go all at once; until then they stay what they were.
    if (one.parts.length === 0 && one !== after.open) continue;
    for (const [i, part] of was.parts.entries())
      if (!one.parts[i] || partText(one.parts[i]) !== partText(part)) yield [one.parts[i]?.line ?? one.line, `part ${i} of segment ${was.msn} was ${part.uri} (${part.text} s) and is ${one.parts[i] ? partText(one.parts[i]) : 'gone'}`];
    if (was !== before.open && one.parts.length !== was.parts.length) yield [one.line, `segment ${was.msn} was whole with ${was.parts.length} parts and has ${one.parts.length}`];
  }
}

function* partsGo(before, after) {
  const old = new Map(withOpen(before).map((one) => [one.msn, one]));
  let left = sum(after.segments) + sum(after.open?.parts ?? []);
  for (const one of after.segments) {
    const hadParts = (old.get(one.msn)?.parts.length ?? 0) > 0;
    if (hadParts && one.parts.length === 0 && left <= PARTS_LISTED_TARGETS * after.targetDuration * 1e6)
      yield [one.line, `the parts of segment ${one.msn} went, less than three target durations from the end`];
    left -= one.duration;
  }
}

// What was hinted at is what came, unless the source broke off: then it never comes.
function* hintKept(before, after) {
  const hint = before.hints.find((one) => one.attributes.TYPE === 'PART')?.attributes.URI;
  const known = before.open?.parts.length ?? 0;
  const next = withOpen(after).flatMap((one) => one.parts.map((part, i) => ({ ...part, msn: one.msn, i, map: one.map?.attributes.URI, isNewStart: i === 0 && one.discontinuity !== null })))
    .find((part) => part.msn > before.openMsn || (part.msn === before.openMsn && part.i >= known));
  const isSeen = after.openMsn === before.openMsn || withOpen(after).find((one) => one.msn === before.openMsn)?.parts.length > 0;
  if (hint && next && isSeen && !next.isNewStart && next.uri !== hint) yield [next.line, `${hint} was hinted at, ${next.uri} came`];
  const map = before.hints.find((one) => one.attributes.TYPE === 'MAP')?.attributes.URI;
  if (map && next && isSeen && !next.isNewStart && next.uri === hint && next.map !== map) yield [next.line, `${map} was hinted at, ${next.map} holds`];
  const held = withOpen(before).at(-1)?.map?.attributes.URI;
  if (!map && next && isSeen && !next.isNewStart && next.uri === hint && held !== undefined && next.map !== held) yield [next.line, `${next.map} came, and was not hinted at`];
}

// A range comes at the end, and goes when the first segment begins behind its end. §6.2.1
function* rangesStay(before, after) {
  const now = after.dateranges.map((one) => one.value);
  const first = after.segments[0]?.date ? Date.parse(after.segments[0].date.value) : null;
  const ends = new Map();
  for (const { attributes } of before.dateranges) {
    const length = attributes.DURATION ?? attributes['PLANNED-DURATION'];
    ends.set(attributes.ID, length === undefined ? Infinity : Date.parse(attributes['START-DATE']) + Number(length) * 1e3);
  }
  const stayed = before.dateranges.filter((one) => now.includes(one.value));
  for (const one of before.dateranges.filter((was) => !now.includes(was.value)))
    if (first === null || ends.get(one.attributes.ID) >= first) yield [1, `the range ${one.attributes.ID} is gone, or says something else`];
  for (const [i, one] of stayed.entries()) if (now[i] !== one.value) yield [after.dateranges[i].line, `a range in front of ${one.attributes.ID}, which was there`];
}

function* windowStays(before, after) {
  const gone = after.mediaSequence - before.mediaSequence;
  if (gone > 0 && after.segments.length < SEGMENTS_LEAST) yield [1, `a segment went although only ${after.segments.length} stay`];
  if (gone > 0 && sum(after.segments) < PARTS_LISTED_TARGETS * after.targetDuration * 1e6) yield [1, 'a segment went although less than three target durations stay'];
}

function* kind(before, after) {
  if (headerValue(before, 'EXT-X-PLAYLIST-TYPE') !== headerValue(after, 'EXT-X-PLAYLIST-TYPE')) yield [1, 'PLAYLIST-TYPE changed'];
  if (!isWindow(after) && after.mediaSequence !== before.mediaSequence) yield [1, 'an EVENT lost a segment'];
  if (before.endlist && (!after.endlist || after.openMsn !== before.openMsn)) yield [1, 'went on after ENDLIST'];
}

export const CHANGE_RULES = [
  ['H-02', targetDuration], ['H-03', partTarget], ['H-09', mediaSequence], ['H-10', discontinuitySequence],
  ['H-19', segmentsStay], ['H-19', partsStay], ['H-15', partsGo], ['H-16', hintKept], ['H-20', windowStays], ['H-22', kind], ['H-24', rangesStay],
];

export function judgeChange(before, after) {
  const found = [];
  for (const [rule, check] of CHANGE_RULES) for (const [line, text] of check(before, after)) found.push({ rule, line, text });
  return found;
}
