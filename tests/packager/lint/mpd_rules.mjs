// What the MPD of a low-latency live presentation must say. ISO/IEC 23009-1, DASH-IF low-latency live v5

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const LOW_LATENCY = 'http://www.dashif.org/guidelines/low-latency-live-v5';
const RATE = /^[1-9]\d*(\/[1-9]\d*)?$/;
const UTC = /^urn:mpeg:dash:utc:(http-xsdate|http-iso|http-head|direct):2014$/;

// Elements as { name, line, attributes, children }; namespaces' prefixes are kept. Enough for what we and players write.
export function readXml(text) {
  const root = { name: '', line: 1, attributes: {}, children: [] };
  const open = [root];
  for (const match of text.matchAll(/<(\/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|<[!?][^>]*>|</g)) {
    const [whole, closes, name, attributes = '', isEmpty] = match;
    const line = text.slice(0, match.index).split('\n').length;
    if (/^<[!?]/.test(whole)) continue;
    if (!name) throw new Error(`line ${line}: no element begins like that`);
    if (closes) {
      if (open.pop().name !== name || open.length === 0) throw new Error(`line ${line}: </${name}> closes what is not open`);
      continue;
    }
    const element = { name, line, attributes: {}, children: [] };
    for (const [, key, , a, b] of attributes.matchAll(/([\w:.-]+)\s*=\s*("([^"]*)"|'([^']*)')/g)) element.attributes[key] = a ?? b;
    open.at(-1).children.push(element);
    if (!isEmpty) open.push(element);
  }
  if (open.length !== 1 || root.children.length !== 1) throw new Error('it is not one element with an end');
  return root.children[0];
}

export const all = (element, name) => element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...all(child, name)]);

export function seconds(text) {
  const match = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$/.exec(text ?? '');
  return match && text !== 'PT' ? Number(match[1] ?? 0) * 3600 + Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0) : NaN;
}

function* head(mpd) {
  const said = mpd.attributes;
  if (said.type !== 'dynamic') yield [mpd.line, `type=${said.type}`];
  for (const name of ['availabilityStartTime', 'publishTime']) if (!DATE.test(said[name] ?? '')) yield [mpd.line, `${name}=${said[name]} is no date in UTC`];
  for (const name of ['minimumUpdatePeriod', 'timeShiftBufferDepth', 'maxSegmentDuration', 'suggestedPresentationDelay', 'minBufferTime'])
    if (Number.isNaN(seconds(said[name]))) yield [mpd.line, `${name}=${said[name]} is no duration`];
}

function* profiles(mpd) {
  const said = (mpd.attributes.profiles ?? '').split(/[\s,]+/);
  for (const wanted of ['urn:mpeg:dash:profile:isoff-live:2011', LOW_LATENCY]) if (!said.includes(wanted)) yield [mpd.line, `profiles do not name ${wanted}`];
}

function* offsets(mpd) {
  for (const { line, attributes } of all(mpd, 'SegmentTemplate')) {
    const offset = Number(attributes.availabilityTimeOffset);
    const length = attributes.duration === undefined ? seconds(mpd.attributes.maxSegmentDuration) : Number(attributes.duration) / Number(attributes.timescale ?? 1);
    if (!(offset > 0 && offset < length)) yield [line, `availabilityTimeOffset=${attributes.availabilityTimeOffset} is not between 0 and a segment`];
    if (attributes.availabilityTimeComplete !== 'false') yield [line, 'availabilityTimeComplete is not false: players wait for whole segments'];
  }
}

function* addressing(mpd) {
  for (const template of all(mpd, 'SegmentTemplate')) {
    const { line, attributes } = template;
    const hasTimeline = all(template, 'SegmentTimeline').length > 0;
    if (hasTimeline === (attributes.duration !== undefined)) yield [line, 'has both a timeline and a duration, or neither'];
    if (!/\$(Number|Time)(%0\d+d)?\$/.test(attributes.media ?? '')) yield [line, `media=${attributes.media} names no segment`];
    if (!attributes.initialization) yield [line, 'there is no initialization'];
  }
}

function* clocks(mpd) {
  const found = all(mpd, 'UTCTiming');
  if (found.length === 0) yield [mpd.line, 'there is no UTCTiming'];
  for (const { line, attributes } of found) if (!UTC.test(attributes.schemeIdUri ?? '') || !attributes.value) yield [line, `UTCTiming ${attributes.schemeIdUri} ${attributes.value}`];
}

function* latency(mpd) {
  const [said] = all(mpd, 'Latency');
  const [rate] = all(mpd, 'PlaybackRate');
  if (!said) return yield [mpd.line, 'there is no ServiceDescription with a Latency'];
  const { min, target, max } = said.attributes;
  if (!(Number(min ?? 0) <= Number(target) && Number(target) <= Number(max ?? Infinity))) yield [said.line, `Latency target=${target} min=${min} max=${max}`];
  if (!rate || !(Number(rate.attributes.min) < 1 && Number(rate.attributes.max) > 1)) yield [rate?.line ?? said.line, 'there is no PlaybackRate around 1'];
  const ids = all(mpd, 'ProducerReferenceTime').map((one) => one.attributes.id);
  if (said.attributes.referenceId === undefined) yield [said.line, 'Latency refers to no ProducerReferenceTime'];
  else if (!ids.includes(said.attributes.referenceId)) yield [said.line, `Latency refers to ${said.attributes.referenceId}, which is nothing`];
}

function* producers(mpd) {
  for (const set of all(mpd, 'AdaptationSet')) if (!all(set, 'ProducerReferenceTime').length) yield [set.line, 'has no ProducerReferenceTime'];
  for (const period of all(mpd, 'Period')) {
    const ids = all(period, 'ProducerReferenceTime').map((one) => one.attributes.id);
    if (new Set(ids).size !== ids.length) yield [period.line, `ProducerReferenceTimes of one period are called ${ids}`];
  }
  for (const one of all(mpd, 'ProducerReferenceTime')) {
    const { type, wallClockTime, presentationTime } = one.attributes;
    if (one.attributes.inband !== 'true') yield [one.line, `inband=${one.attributes.inband}: nothing tells of the \`prft\` in fragments`];
    const [clock] = one.children.filter((child) => child.name === 'UTCTiming');
    const [mpds] = mpd.children.filter((child) => child.name === 'UTCTiming');
    if (!clock || clock.attributes.value !== mpds?.attributes.value) yield [one.line, `its clock is ${clock?.attributes.value}, that of the MPD ${mpds?.attributes.value}`];
    if (!['encoder', 'captured'].includes(type) || !DATE.test(wallClockTime ?? '') || !/^\d+$/.test(presentationTime ?? '')) yield [one.line, `type=${type} wallClockTime=${wallClockTime} presentationTime=${presentationTime}`];
  }
}

// When a picture or sound was captured, and when the MPD has it by its period's start and its template: players take the one
// for how far behind they are and the other for what there is. ISO/IEC 23009-1 5.12
function* references(mpd) {
  const origin = Date.parse(mpd.attributes.availabilityStartTime);
  for (const period of all(mpd, 'Period'))
    for (const set of all(period, 'AdaptationSet')) {
      const frame = Math.max(...all(set, 'Representation').map(frameOf));
      for (const { line, attributes: said } of all(set, 'ProducerReferenceTime'))
        for (const { attributes } of all(set, 'SegmentTemplate')) {
          const media = (Number(said.presentationTime) - Number(attributes.presentationTimeOffset ?? 0)) / Number(attributes.timescale ?? 1);
          const off = (Date.parse(said.wallClockTime) - origin) / 1e3 - seconds(period.attributes.start) - media;
          if (Math.abs(off) > frame) yield [line, `it was captured ${off.toFixed(3)} s from where the MPD has it`];
        }
    }
}

const SAMPLES_OF_SOUND = 2_048;  // The longest frame, that of HE-AAC.

function frameOf({ attributes: { frameRate, audioSamplingRate } }) {
  const [frames, time = 1] = (frameRate ?? '24').split('/').map(Number);
  return audioSamplingRate ? SAMPLES_OF_SOUND / Number(audioSamplingRate) : time / frames;
}

// Where a player may begin within a segment: at every chunk, and three of them are within what it is to be behind.
function* chunks(mpd) {
  const [said] = all(mpd, 'Latency');
  for (const set of all(mpd, 'AdaptationSet')) {
    const [resync] = all(set, 'Resync');
    if (!resync) {
      yield [set.line, 'has no Resync'];
      continue;
    }
    if (!/^[0-3]$/.test(resync.attributes.type ?? '')) yield [resync.line, `Resync type=${resync.attributes.type}`];
    const [template] = all(set, 'SegmentTemplate');
    const length = 1000 * Number(resync.attributes.dT) / Number(template?.attributes.timescale ?? 1);
    if (!(length > 0) || length > Number(said?.attributes.target) / 3 + 1) yield [resync.line, `chunks of ${length} ms, to be ${said?.attributes.target} ms behind`];
  }
}

// Each in its time: none is said to last into the next, and what is numbered has an end where its period has one.
function* periods(mpd) {
  const found = all(mpd, 'Period');
  for (const [i, one] of found.entries()) {
    const [start, duration] = [seconds(one.attributes.start), seconds(one.attributes.duration)];
    const next = found[i + 1] === undefined ? NaN : seconds(found[i + 1].attributes.start);
    if (Number.isNaN(start)) yield [one.line, `period ${one.attributes.id} has no start`];
    if (next <= start) yield [one.line, `period ${one.attributes.id} starts at ${start}, the next at ${next}`];
    if (one.attributes.duration !== undefined && !(duration > 0)) yield [one.line, `period ${one.attributes.id} lasts ${one.attributes.duration}`];
    if (start + duration > next + 1e-5) yield [one.line, `period ${one.attributes.id} lasts until ${start + duration}, the next starts at ${next}`];
    for (const { line, attributes } of all(one, 'SegmentTemplate')) yield* numbered(line, attributes, duration);
  }
}

function* numbered(line, { duration, timescale, startNumber, endNumber }, length) {
  if (duration === undefined) return;
  if (endNumber === undefined) {
    if (!Number.isNaN(length)) yield [line, 'the period has an end, and its numbers have none'];
    return;
  }
  const most = (Number(endNumber) - Number(startNumber ?? 1) + 1) * Number(duration) / Number(timescale ?? 1);
  if (!(most > 0)) yield [line, `numbers are from ${startNumber} to ${endNumber}`];
  if (length > most + 1 + Number(duration) / Number(timescale ?? 1)) yield [line, `the period lasts ${length} s, its numbers ${most}`];
}

function* representations(mpd) {
  for (const one of all(mpd, 'Representation')) {
    if (!(Number(one.attributes.bandwidth) > 0) || !one.attributes.codecs) yield [one.line, `bandwidth=${one.attributes.bandwidth} codecs=${one.attributes.codecs}`];
    if (!one.attributes.audioSamplingRate && !(one.attributes.width && one.attributes.height)) yield [one.line, 'says neither a sampling rate nor width and height'];
    if (one.attributes.width && !RATE.test(one.attributes.frameRate ?? '')) yield [one.line, `frameRate=${one.attributes.frameRate}`];
  }
  for (const set of all(mpd, 'AdaptationSet')) if (!set.children.some((child) => child.name === 'Role')) yield [set.line, 'has no Role'];
  const ids = all(mpd, 'Period').map((one) => one.attributes.id);
  if (ids.length === 0 || new Set(ids).size !== ids.length || ids.includes(undefined)) yield [mpd.line, `periods are called ${ids}`];
}

const CENC = 'urn:mpeg:dash:mp4protection:2011';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// All sets or none, each with its key before what is of any one system.
function* protection(mpd) {
  if (all(mpd, 'ContentProtection').length === 0) return;
  if (mpd.attributes['xmlns:cenc'] !== 'urn:mpeg:cenc:2013') yield [mpd.line, `xmlns:cenc=${mpd.attributes['xmlns:cenc']}`];
  for (const set of all(mpd, 'AdaptationSet')) {
    const first = set.children[0];
    if (first?.name !== 'ContentProtection' || first.attributes.schemeIdUri !== CENC) {
      yield [set.line, `does not begin with ContentProtection of ${CENC}`];
      continue;
    }
    if (first.attributes.value !== 'cbcs' || !UUID.test(first.attributes['cenc:default_KID'] ?? '')) yield [first.line, `value=${first.attributes.value} default_KID=${first.attributes['cenc:default_KID']}`];
  }
}

export const MPD_RULES = [['D-01', profiles], ['D-02', head], ['D-03', offsets], ['D-04', addressing], ['D-06', clocks], ['D-07', latency], ['D-08', producers], ['D-08', references], ['D-09', chunks], ['D-10', periods], ['D-14', representations], ['D-14', protection]];

export function judgeMpd(text) {
  let mpd;
  try {
    mpd = readXml(text);
  } catch (error) {
    return [{ rule: 'D-01', line: 1, text: error.message }];
  }
  const found = [];
  for (const [rule, check] of MPD_RULES) for (const [line, what] of check(mpd)) found.push({ rule, line, text: what });
  return found;
}

// From one to a later one.
export function judgeMpdChange(before, after) {
  const [wasMpd, isMpd] = [before, after].map(readXml);
  const [was, is] = [wasMpd.attributes, isMpd.attributes];
  const found = [];
  if (was.availabilityStartTime !== is.availabilityStartTime) found.push({ rule: 'D-02', line: 1, text: `availabilityStartTime was ${was.availabilityStartTime} and is ${is.availabilityStartTime}` });
  const later = Date.parse(is.publishTime) - Date.parse(was.publishTime);
  if (later < 0) found.push({ rule: 'D-02', line: 1, text: 'publishTime went back' });
  if (later === 0 && before !== after) found.push({ rule: 'D-02', line: 1, text: `is another, and publishTime is still ${is.publishTime}` });
  found.push(...judgePeriods(wasMpd, isMpd));
  return found;
}

// What players reckon from stays: where a period starts, which number it begins with, that it is over.
function judgePeriods(wasMpd, isMpd) {
  const found = [];
  const now = new Map(all(isMpd, 'Period').map((one) => [one.attributes.id, one]));
  for (const one of all(wasMpd, 'Period')) {
    const later = now.get(one.attributes.id);
    if (!later) continue;
    const say = (rule, text) => found.push({ rule, line: later.line, text: `period ${one.attributes.id}: ${text}` });
    if (one.attributes.start !== later.attributes.start) say('D-15', `started at ${one.attributes.start}, and now at ${later.attributes.start}`);
    if (one.attributes.duration !== undefined && one.attributes.duration !== later.attributes.duration) say('D-10', `lasted ${one.attributes.duration}, and now ${later.attributes.duration}`);
    const [first, second] = [one, later].map((period) => all(period, 'SegmentTemplate').filter((each) => each.attributes.duration !== undefined));
    for (const { attributes } of first) {
      const same = second.find((each) => each.attributes.media === attributes.media)?.attributes;
      for (const name of ['startNumber', 'duration', 'timescale', 'presentationTimeOffset'])
        if (same && same[name] !== attributes[name]) say('D-15', `${attributes.media}: ${name} was ${attributes[name]}, and is ${same[name]}`);
      if (same && attributes.endNumber !== undefined && same.endNumber !== attributes.endNumber) say('D-10', `${attributes.media} ended with ${attributes.endNumber}, and now with ${same.endNumber}`);
    }
  }
  return found;
}
