// What hls-parser reads in a playlist beside what our own linter reads: each value that is not the same is a finding, and so is
// whatever hls-parser complains of.

import { readMediaPlaylist } from '../lint/media_playlist.mjs';
import { readMultivariant } from '../lint/multivariant_rules.mjs';

// It takes every segment for a target duration long, so parts of more than three short ones are too many for it. H-15 of the linter counts.
const MISTAKEN = /greater than three target durations from the end/;

function parsed(hls, text) {
  const complaints = [];
  const { error } = console;
  console.error = (what) => complaints.push(String(what));
  try {
    hls.setOptions({ strictMode: false });  // So that it goes on behind its first complaint.
    return [hls.parse(text), complaints.filter((one) => !MISTAKEN.test(one))];
  } finally {
    console.error = error;
  }
}

// The finding, or nothing.
export function* differs(where, ours, theirs) {
  const [a, b] = [ours, theirs].map((value) => JSON.stringify(value ?? null));
  if (a !== b) yield `${where}: we read ${a}, they read ${b}`;
}

const seconds = (text) => (text === undefined ? undefined : Number(text));

function* head(ours, theirs) {
  const { control } = ours;
  const names = {
    version: [ours.version, theirs.version], target: [ours.targetDuration, theirs.targetDuration],
    first: [ours.mediaSequence, theirs.mediaSequenceBase], discontinuities: [ours.discontinuitySequence, theirs.discontinuitySequenceBase],
    end: [ours.endlist !== null, theirs.endlist], skipped: [ours.skip?.count ?? 0, theirs.skip],
    type: [ours.header['EXT-X-PLAYLIST-TYPE']?.value, theirs.playlistType],
    parts: [seconds(ours.partTarget ?? undefined), theirs.partTargetDuration],
    blocks: [control['CAN-BLOCK-RELOAD'] === 'YES', theirs.lowLatencyCompatibility?.canBlockReload ?? false],
    skips: [seconds(control['CAN-SKIP-UNTIL']), theirs.lowLatencyCompatibility?.canSkipUntil],
    back: [seconds(control['PART-HOLD-BACK']), theirs.lowLatencyCompatibility?.partHoldBack],
  };
  for (const [name, [a, b]] of Object.entries(names)) yield* differs(name, a, b);
}

const ourPart = (part) => [part.uri, part.duration, part.isIndependent, part.isGap];
const theirPart = (part) => [part.uri, Math.round(part.duration * 1e6), part.independent === true, part.gap === true];

const ourSegment = (one) => [one.msn, one.uri, one.duration, one.map?.attributes.URI, Date.parse(one.date?.value ?? 0), one.discontinuity !== null,
  one.gap !== null, one.parts.map(ourPart)];
const theirSegment = (one) => [one.mediaSequenceNumber, one.uri, Math.round(one.duration * 1e6), one.map?.uri, one.programDateTime?.getTime() ?? Date.parse(0),
  one.discontinuity === true, one.gap === true, one.parts.filter((part) => !part.hint).map(theirPart)];

function* segments(ours, theirs) {
  // The last, where there are parts of one that is not whole, has no URI.
  const whole = theirs.segments.filter((one) => one.uri !== '');
  const open = theirs.segments.find((one) => one.uri === '');
  yield* differs('segments', ours.segments.length, whole.length);
  for (const [i, one] of ours.segments.entries()) if (whole[i]) yield* differs(`segment ${one.msn}`, ourSegment(one), theirSegment(whole[i]));
  yield* differs('open parts', (ours.open?.parts ?? []).map(ourPart), (open?.parts ?? []).filter((part) => !part.hint).map(theirPart));
  const hints = theirs.segments.flatMap((one) => [...one.parts.filter((part) => part.hint), ...(one.map?.hint ? [one.map] : [])]);
  yield* differs('hints', ours.hints.map((one) => one.attributes.URI), hints.map((one) => one.uri));
  const reports = ours.reports.map(({ attributes }) => [attributes.URI, Number(attributes['LAST-MSN']), Number(attributes['LAST-PART'])]);
  yield* differs('reports', reports, theirs.renditionReports.map((one) => [one.uri, one.lastMSN, one.lastPart]));
}

function* ranges(ours, theirs) {
  const found = theirs.dateRanges.length > 0 ? theirs.dateRanges : theirs.segments.map((one) => one.dateRange).filter(Boolean);
  const read = found.map((one) => [one.id, one.start?.getTime(), one.duration, one.plannedDuration, one.attributes?.['SCTE35-OUT'] !== undefined]);
  const said = ours.dateranges.map(({ attributes: one }) => [one.ID, Date.parse(one['START-DATE']), seconds(one.DURATION), seconds(one['PLANNED-DURATION']),
    one['SCTE35-OUT'] !== undefined]);
  yield* differs('date ranges', said, read);
}

export function readMedia(hls, text) {
  const ours = readMediaPlaylist(text);
  const [theirs, found] = parsed(hls, text);
  return { ours, found: [...found, ...head(ours, theirs), ...segments(ours, theirs), ...ranges(ours, theirs)] };
}

const yes = (word) => word === 'YES';

function* variants(ours, theirs) {
  yield* differs('variants', ours.variants.length, theirs.variants.length);
  for (const [i, { attributes: said, uri }] of ours.variants.entries()) {
    const one = theirs.variants[i] ?? {};
    yield* differs(`variant ${i}`, [uri, Number(said.BANDWIDTH), Number(said['AVERAGE-BANDWIDTH']), said.CODECS, said.RESOLUTION, seconds(said['FRAME-RATE'])],
      [one.uri, one.bandwidth, one.averageBandwidth, one.codecs, one.resolution && `${one.resolution.width}x${one.resolution.height}`, one.frameRate]);
    for (const [type, name] of [['AUDIO', 'audio'], ['CLOSED-CAPTIONS', 'closedCaptions']]) {
      const wanted = ours.media.filter(({ attributes }) => attributes.TYPE === type && attributes['GROUP-ID'] === said[type]).map(({ attributes: member }) =>
        [member.NAME, member.URI, member.LANGUAGE, yes(member.DEFAULT), yes(member.AUTOSELECT), member.CHANNELS, member['INSTREAM-ID']]);
      yield* differs(`${type} of variant ${i}`, wanted, (one[name] ?? []).map((member) =>
        [member.name, member.uri, member.language, member.isDefault === true, member.autoselect === true, member.channels, member.instreamId]));
    }
  }
}

export function readAllVariants(hls, text) {
  const ours = readMultivariant(text);
  const [theirs, found] = parsed(hls, text);
  return { ours, found: [...found, ...differs('version', ours.version, theirs.version), ...variants(ours, theirs)] };
}

