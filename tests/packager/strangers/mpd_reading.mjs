// What mpd-parser reads in an MPD beside what our own linter reads: bandwidths, codecs, and the segments with where they are, when they
// are and how long.

import { all, readXml, seconds } from '../lint/mpd_rules.mjs';
import { differs } from './hls_reading.mjs';

const ROUNDING = 1e-6;

// Of a SegmentTimeline: number and how long, in ticks from where.
function timed(template, first) {
  let [number, time] = [first, 0];
  return all(template, 'S').flatMap(({ attributes: said }) => {
    if (said.t !== undefined) time = Number(said.t);
    return Array.from({ length: Number(said.r ?? 0) + 1 }, () => {
      const one = { number, time, duration: Number(said.d) };
      number += 1;
      time += one.duration;
      return one;
    });
  });
}

// { id, attributes, segments } of each representation of each period. `step` is set where segments are counted and not listed.
export function readRepresentations(text) {
  return all(readXml(text), 'Period').flatMap((period) => all(period, 'Representation').map((one) => {
    const [template] = all(one, 'SegmentTemplate');
    const said = template.attributes;
    const scale = Number(said.timescale ?? 1);
    const name = (number) => said.media.replace('$Number$', String(number));
    const segments = timed(template, Number(said.startNumber ?? 1)).map((segment) => ({ ...segment, uri: name(segment.number), duration: segment.duration / scale }));
    return {
      id: one.attributes.id, attributes: one.attributes, period: period.attributes, scale, segments, init: said.initialization,
      offset: Number(said.presentationTimeOffset ?? 0), first: Number(said.startNumber ?? 1), name, step: said.duration && Number(said.duration) / scale,
    };
  }));
}

function theirPlaylists(read) {
  const sound = Object.values(read.mediaGroups.AUDIO).flatMap((group) => Object.values(group)).flatMap((one) => one.playlists);
  return [...read.playlists, ...sound];
}

// Of segments that are counted it makes as many as there can be by now: where they begin and how long they are must be as said.
// Of a period that began less than one ago there is none yet.
function* counted(one, theirs, age) {
  const got = theirs.filter((segment) => segment.timeline === seconds(one.period.start));
  if (got.length === 0 && one.period.duration === undefined && age < one.step) return;
  if (got.length === 0) return yield `${one.id} of ${one.period.id}: they find no segment`;
  const first = Number(/(\d+)\.m4s$/.exec(got[0].uri)[1]);
  if (first < one.first) yield `${one.id} of ${one.period.id}: they begin with ${got[0].uri}, before ${one.first}`;
  yield* differs(`${one.id} of ${one.period.id}`, got.map((_, i) => [one.name(first + i), one.step]), got.map((segment) => [segment.uri, segment.duration]));
}

function* listed(one, theirs) {
  const near = (a, b) => Math.abs(a - b) < ROUNDING;
  const byUri = new Map(theirs.map((segment) => [segment.uri, segment]));
  for (const segment of one.segments) {
    const got = byUri.get(segment.uri);
    if (!got) yield `${one.id} of ${one.period.id}: they do not find ${segment.uri}`;
    else if (!near(got.duration, segment.duration)) yield `${segment.uri}: we read ${segment.duration} s, they read ${got.duration} s`;
    if (got && got.map?.uri !== one.init) yield `${segment.uri}: we begin it with ${one.init}, they with ${got.map?.uri}`;
  }
}

export function readMpd(parser, text, url) {
  const found = [];
  const began = Date.parse(readXml(text).attributes.availabilityStartTime) / 1000;
  const said = (event) => { if (event.type === 'warn' || event.type === 'error') found.push(`mpd-parser: ${event.message}`); };
  const read = parser.parse(text, { manifestUri: url, eventHandler: said });
  const ours = readRepresentations(text);
  const theirs = new Map(theirPlaylists(read).map((one) => [one.attributes.NAME, one]));
  found.push(...differs('representations', [...new Set(ours.map((one) => one.id))].sort(), [...theirs.keys()].sort()));
  for (const one of ours) {
    const { attributes: a, segments = [] } = theirs.get(one.id) ?? { attributes: {} };
    const size = one.attributes.width && { width: Number(one.attributes.width), height: Number(one.attributes.height) };
    // It joins periods, and keeps what the first of them says.
    if (ours.find((other) => other.id === one.id) === one) found.push(...differs(one.id, [Number(one.attributes.bandwidth), one.attributes.codecs, size], [a.BANDWIDTH, a.CODECS, a.RESOLUTION]));
    found.push(...(one.step ? counted(one, segments, Date.now() / 1000 - began - seconds(one.period.start)) : listed(one, segments)));
  }
  const length = readXml(text).attributes.mediaPresentationDuration;
  if (length !== undefined) found.push(...differs('duration', seconds(length), read.duration));
  return { ours, theirs: [...theirs.values()], found };
}
