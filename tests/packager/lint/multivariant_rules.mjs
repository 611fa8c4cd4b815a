// What a multivariant playlist must be: every variant says what a player chooses by, every group is there, and nothing
// names a host.

import { decimals, hasAttributes, parseAttributes } from './attributes.mjs';

const SOUND = /^(mp4a|ac-3|ec-3|opus|fLaC)/;
const RANGES = ['SDR', 'PQ', 'HLG'];
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$/;  // RFC 5646 §2.1

// Variants and renditions, with their lines.
export function readMultivariant(text) {
  const playlist = { text, findings: [], version: null, independent: [], media: [], variants: [] };
  let pending = null;
  text.split('\n').forEach((line, i) => {
    const number = i + 1;
    if (line === '' || (number === 1 && line === '#EXTM3U')) return;
    const note = (rule, what) => playlist.findings.push({ rule, line: number, text: what });
    if (!line.startsWith('#')) {
      if (!pending) note('syntax', `${line} has no EXT-X-STREAM-INF before it`);
      else playlist.variants.push({ ...pending, uri: line });
      pending = null;
      return;
    }
    if (!line.startsWith('#EXT')) return;
    if (pending) note('syntax', 'a tag between EXT-X-STREAM-INF and its URI');
    pending = readTag(line.slice(1), number, playlist, note) ?? pending;
  });
  if (!text.endsWith('\n') || pending) playlist.findings.push({ rule: 'syntax', line: 1, text: 'ends in the middle' });
  return playlist;
}

function readTag(line, number, playlist, note) {
  const [, name, value] = /^([^:]+):?(.*)$/.exec(line);
  const attributes = hasAttributes(name) ? parseAttributes(name, value, (what) => note('syntax', what)) : null;
  if (name === 'EXT-X-STREAM-INF') return { line: number, attributes };
  if (name === 'EXT-X-MEDIA') playlist.media.push({ line: number, attributes });
  else if (name === 'EXT-X-VERSION' && playlist.version === null) playlist.version = Number(value);
  else if (name === 'EXT-X-VERSION') note('H-01', 'EXT-X-VERSION stands twice');
  else if (name === 'EXT-X-INDEPENDENT-SEGMENTS') playlist.independent.push(number);
  else note('syntax', `${name} is unknown, or has no business in a multivariant playlist`);
  return null;
}

function* version(playlist) {
  if (!playlist.text.startsWith('#EXTM3U\n')) yield [1, 'the first line is not #EXTM3U'];
  if (!(playlist.version >= 1 && playlist.version <= 7)) yield [1, `EXT-X-VERSION is ${playlist.version}`];
}

const isSoundOnly = (variant) => (variant.attributes.CODECS ?? '').split(',').every((codec) => SOUND.test(codec));

function* variants(playlist) {
  if (playlist.variants.length === 0) yield [1, 'there is no variant'];
  for (const variant of playlist.variants) {
    const { attributes: said, line } = variant;
    for (const name of ['AVERAGE-BANDWIDTH', 'CODECS', ...(isSoundOnly(variant) ? [] : ['RESOLUTION', 'FRAME-RATE'])])
      if (said[name] === undefined) yield [line, `says no ${name}`];
    if (Number(said.BANDWIDTH) < Math.max(1, Number(said['AVERAGE-BANDWIDTH'] ?? 1))) yield [line, 'BANDWIDTH is less than AVERAGE-BANDWIDTH, or nothing'];
    if (said['FRAME-RATE'] !== undefined && decimals(said['FRAME-RATE']) !== 3) yield [line, `FRAME-RATE=${said['FRAME-RATE']} has not three decimals`];
    if (said['VIDEO-RANGE'] !== undefined && !RANGES.includes(said['VIDEO-RANGE'])) yield [line, `VIDEO-RANGE=${said['VIDEO-RANGE']}`];
  }
}

const group = (playlist, type, id) => playlist.media.filter(({ attributes }) => attributes.TYPE === type && attributes['GROUP-ID'] === id);

function* sound(playlist) {
  for (const variant of playlist.variants) {
    const { AUDIO, CODECS = '' } = variant.attributes;
    const hasSound = CODECS.split(',').some((codec) => SOUND.test(codec));
    if (AUDIO !== undefined && group(playlist, 'AUDIO', AUDIO).length === 0) yield [variant.line, `there is no audio group ${AUDIO}`];
    if (AUDIO !== undefined && !hasSound) yield [variant.line, 'has an audio group, but CODECS names no sound'];
    if (AUDIO === undefined && hasSound && !isSoundOnly(variant)) yield [variant.line, 'CODECS names sound, but there is no AUDIO group: sound is a playlist of its own'];
  }
  const renditions = playlist.media.filter(({ attributes }) => attributes.TYPE === 'AUDIO');
  for (const { line, attributes } of renditions)
    for (const name of ['DEFAULT', 'AUTOSELECT', 'CHANNELS']) if (attributes[name] === undefined) yield [line, `says no ${name}`];
  const groups = new Map(renditions.map(({ attributes: { 'GROUP-ID': id } }) => [id, group(playlist, 'AUDIO', id)]));
  for (const [id, members] of groups) yield* groupAgrees(members, id);
  yield* groupsAgree(groups, new Set(playlist.variants.filter((one) => !isAac(one)).map(({ attributes }) => attributes.AUDIO)));
}

function* groupAgrees(renditions, id) {
  const names = new Set();
  for (const { line, attributes: { LANGUAGE: said } } of renditions) {
    if (said === 'und') yield [line, 'LANGUAGE=und says nothing: it is left out where it may be'];  // RFC 5646 §4.1
    if (said !== undefined && !LANGUAGE.test(said)) yield [line, `LANGUAGE=${said} is none`];
  }
  for (const { line, attributes } of renditions) {
    if (names.has(attributes.NAME)) yield [line, `two renditions of ${id} are called ${attributes.NAME}`];
    names.add(attributes.NAME);
    if (attributes.DEFAULT === 'YES' && attributes.AUTOSELECT !== 'YES') yield [line, 'is the default, but not AUTOSELECT'];
  }
  const defaults = renditions.filter((one) => one.attributes.DEFAULT === 'YES').length;
  if (defaults > 1) yield [renditions[0].line, `${defaults} renditions of ${id} are the default`];
}

const OF_A_GROUP = ['GROUP-ID', 'URI', 'CHANNELS'];  // All else is said of the member. RFC 8216 §4.3.4.1.1
const isAac = ({ attributes: { CODECS = '' } }) => CODECS.split(',').filter((codec) => SOUND.test(codec)).every((codec) => codec.startsWith('mp4a'));

// What a member is, it is in all groups; and all have those of AAC alone, which has no others, so that a variant is left
// for a player that knows nothing else.
function* groupsAgree(groups, others) {
  const firsts = new Map();
  for (const [id, members] of groups)
    for (const { line, attributes } of members) {
      const first = firsts.get(attributes.NAME) ?? attributes;
      firsts.set(attributes.NAME, first);
      for (const key of new Set([...Object.keys(attributes), ...Object.keys(first)].filter((one) => !OF_A_GROUP.includes(one))))
        if (attributes[key] !== first[key]) yield [line, `${attributes.NAME} is ${key}=${attributes[key] ?? 'absent'} here and ${first[key] ?? 'absent'} in ${first['GROUP-ID']}`];
      if (others.has(id)) continue;
      for (const [other, its] of groups)
        if (!its.some((one) => one.attributes.NAME === attributes.NAME)) yield [line, `${attributes.NAME} of ${id} is missing in ${other}`];
    }
}

function* captions(playlist) {
  if (playlist.independent.length !== 1) yield [playlist.independent[1] ?? 1, `EXT-X-INDEPENDENT-SEGMENTS stands ${playlist.independent.length} times, not once`];
  const said = playlist.variants.filter((variant) => !isSoundOnly(variant)).map((variant) => [variant.line, variant.attributes['CLOSED-CAPTIONS']]);
  for (const [line, value] of said) {
    if (value === undefined) yield [line, 'says no CLOSED-CAPTIONS, not even NONE'];
    else if (value !== 'NONE' && group(playlist, 'CLOSED-CAPTIONS', value).length === 0) yield [line, `there is no group of captions ${value}`];
    if ((value === 'NONE') !== (said[0][1] === 'NONE')) yield [line, 'one variant has captions and another NONE'];
  }
  for (const { line, attributes } of playlist.media)
    if (attributes.TYPE === 'CLOSED-CAPTIONS' && (attributes['INSTREAM-ID'] === undefined || attributes.URI !== undefined)) yield [line, 'captions have an INSTREAM-ID and no URI'];
}

const isRelative = (uri) => !/^([a-z][a-z0-9+.-]*:|\/)/i.test(uri);

function* relative(playlist) {
  for (const { line, uri } of playlist.variants) if (!isRelative(uri)) yield [line, `${uri} is not relative`];
  for (const { line, attributes } of playlist.media) if (attributes.URI !== undefined && !isRelative(attributes.URI)) yield [line, `${attributes.URI} is not relative`];
}

// The largest bit rate of any neighbours that last half a target duration to one and a half; [bytes, seconds] each, in order.
// draft-pantos-hls-rfc8216bis-22 4.4.6.2
export function peakOf(segments, target) {
  let peak = 0;
  for (let first = 0; first < segments.length; ++first)
    for (let [last, bytes, length] = [first, 0, 0]; last < segments.length; ++last) {
      bytes += segments[last][0];
      length += segments[last][1];
      if (length > 1.5 * target) break;
      if (length >= 0.5 * target) peak = Math.max(peak, (8 * bytes) / length);
    }
  return peak;
}

// What came of each rendition, against what is said of the variants: live it may be a quarter more. `peaks`: by URI.
export function judgeMeasured(playlist, peaks) {
  const found = [];
  for (const { line, uri, attributes: said } of playlist.variants) {
    const sounds = said.AUDIO === undefined ? [] : group(playlist, 'AUDIO', said.AUDIO);
    const peak = (peaks.get(uri) ?? 0) + Math.max(0, ...sounds.map(({ attributes }) => peaks.get(attributes.URI) ?? 0));
    if (peak > 1.25 * Number(said.BANDWIDTH)) found.push({ rule: 'H-60', line, text: `BANDWIDTH=${said.BANDWIDTH}, and ${Math.round(peak)} came` });
  }
  return found;
}

export const MULTIVARIANT_RULES = [['H-01', version], ['H-60', variants], ['H-61', sound], ['H-62', captions], ['H-64', relative]];

export function judgeMultivariant(playlist) {
  const found = [...playlist.findings];
  for (const [rule, check] of MULTIVARIANT_RULES) for (const [line, text] of check(playlist)) found.push({ rule, line, text });
  return found;
}

// The media playlists that it names, each once, and whether they are of sound.
export function renditions(playlist) {
  const found = new Map();
  for (const variant of playlist.variants) found.set(variant.uri, { uri: variant.uri, isAudio: isSoundOnly(variant) });
  for (const { attributes } of playlist.media)
    if (attributes.TYPE === 'AUDIO' && attributes.URI !== undefined) found.set(attributes.URI, { uri: attributes.URI, isAudio: true });
  return [...found.values()];
}
