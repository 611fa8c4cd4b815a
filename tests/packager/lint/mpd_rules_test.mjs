// Every rule finds the MPD that breaks it, and none finds anything in a good one.

import assert from 'node:assert/strict';
import test from 'node:test';

import { MPD_RULES, judgeMpd, judgeMpdChange } from './mpd_rules.mjs';

const GOOD = `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,http://www.dashif.org/guidelines/low-latency-live-v5" type="dynamic" availabilityStartTime="2026-11-26T16:30:00.000Z" publishTime="2026-11-26T16:31:00Z" minimumUpdatePeriod="PT500S" timeShiftBufferDepth="PT30S" maxSegmentDuration="PT1.000000S" minBufferTime="PT1S" suggestedPresentationDelay="PT0.6S">
  <ServiceDescription id="0"><Latency target="600" min="400" max="3000" referenceId="7"/><PlaybackRate min="0.96" max="1.04"/></ServiceDescription>
  <Period id="p0" start="PT0S">
    <AdaptationSet contentType="video" mimeType="video/mp4">
      <ProducerReferenceTime id="7" inband="true" type="encoder" wallClockTime="2026-11-26T16:30:00.000Z" presentationTime="0"><UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="/time"/></ProducerReferenceTime>
      <Resync type="1" dT="18000"/>
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <Representation id="v0" bandwidth="3000000" codecs="avc1.64001f" width="720" height="576" frameRate="25/1">
        <SegmentTemplate timescale="90000" duration="90000" startNumber="0" availabilityTimeOffset="0.8" availabilityTimeComplete="false" initialization="v0/i0.mp4" media="v0/s$Number$.m4s"/>
      </Representation>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="/time"/>
</MPD>
`;

const PROTECTION = '<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cbcs" cenc:default_KID="00112233-4455-6677-8899-aabbccddeeff"/>';
const ENCRYPTED = GOOD.replace('<MPD', '<MPD xmlns:cenc="urn:mpeg:cenc:2013"').replace('<ProducerReferenceTime', `${PROTECTION}<ProducerReferenceTime`);

// [rule, what is found, from, to]
const BROKEN = [
  ['D-01', /low-latency-live/, ',http://www.dashif.org/guidelines/low-latency-live-v5', ''],
  ['D-01', /closes what is not open/, '</Period>', '</Perio>'],
  ['D-01', /not one element/, '</MPD>', ''],
  ['D-02', /type=static/, 'dynamic', 'static'],
  ['D-02', /availabilityStartTime=/, '16:30:00.000Z" publishTime', '16:30:00" publishTime'],
  ['D-02', /suggestedPresentationDelay=undefined/, ' suggestedPresentationDelay="PT0.6S"', ''],
  ['D-02', /timeShiftBufferDepth=30/, '"PT30S"', '"30"'],
  ['D-03', /is not between 0 and a segment/, '"0.8"', '"1.0"'],
  ['D-03', /is not between 0 and a segment/, ' availabilityTimeOffset="0.8"', ''],
  ['D-03', /is not false/, ' availabilityTimeComplete="false"', ''],
  ['D-04', /both a timeline and a duration/, ' duration="90000"', ''],
  ['D-04', /names no segment/, '$Number$', ''],
  ['D-04', /no initialization/, ' initialization="v0/i0.mp4"', ''],
  ['D-06', /no UTCTiming/, /<UTCTiming[^>]*>/g, ''],
  ['D-06', /UTCTiming urn:mpeg:dash:utc:ntp:2014/, 'http-xsdate', 'ntp'],
  ['D-07', /no ServiceDescription/, /<Latency[^>]*>/, ''],
  ['D-07', /Latency target=600 min=700/, 'min="400"', 'min="700"'],
  ['D-07', /PlaybackRate around 1/, /<PlaybackRate[^>]*>/, ''],
  ['D-07', /refers to 7, which is nothing/, '<ProducerReferenceTime id="7"', '<ProducerReferenceTime id="8"'],
  ['D-07', /refers to no ProducerReferenceTime/, ' referenceId="7"', ''],
  ['D-08', /has no ProducerReferenceTime/, /<ProducerReferenceTime.*\n/, ''],
  ['D-08', /inband=undefined/, ' inband="true"', ''],
  ['D-08', /its clock is undefined, that of the MPD \/time/, /><UTCTiming[^>]*><\/ProducerReferenceTime>/, '/>'],
  ['D-09', /has no Resync/, /<Resync.*\n/, ''],
  ['D-09', /chunks of 300 ms, to be 600 ms behind/, '"18000"', '"27000"'],
  ['D-09', /type=undefined/, '<Resync type="1"', '<Resync'],
  ['D-14', /frameRate=undefined/, ' frameRate="25/1"', ''],
  ['D-14', /frameRate=25\/0/, '"25/1"', '"25/0"'],
  ['D-14', /has no Role/, /<Role.*\n/, ''],
  ['D-08', /type=application/, 'type="encoder"', 'type="application"'],
  ['D-08', /captured -0\.050 s from where the MPD has it/, ' presentationTime="0"', ' presentationTime="4500"'],
  ['D-08', /captured -0\.050 s from where the MPD has it/, 'wallClockTime="2026-11-26T16:30:00.000Z"', 'wallClockTime="2026-11-26T16:29:59.950Z"'],
  ['D-08', /captured 0\.100 s from where the MPD has it/, ' timescale="90000"', ' timescale="90000" presentationTimeOffset="9000"'],
  ['D-08', /captured -2\.000 s from where the MPD has it/, 'start="PT0S"', 'start="PT2S"'],
  ['D-08', /of one period are called 7,7/, /(<ProducerReferenceTime.*)\n/, '$1$1\n'],
  ['D-10', /has no start/, ' start="PT0S"', ''],
  ['D-10', /lasts PT0S/, 'start="PT0S"', 'start="PT0S" duration="PT0S"'],
  ['D-10', /has an end, and its numbers have none/, 'start="PT0S"', 'start="PT0S" duration="PT8S"'],
  ['D-10', /numbers are from 0 to -2/, 'startNumber="0"', 'startNumber="0" endNumber="-2"'],
  ['D-14', /bandwidth=undefined/, ' bandwidth="3000000"', ''],
  ['D-14', /neither a sampling rate/, ' width="720"', ''],
  ['D-14', /periods are called/, ' id="p0"', ''],
];

for (const [rule, pattern, from, to] of BROKEN)
  test(`${rule} finds in an MPD: ${pattern.source}`, () => {
    const text = GOOD.replace(from, to.includes('$1') ? to : () => to);
    assert.notEqual(text, GOOD);
    assert.ok(judgeMpd(text).some((one) => one.rule === rule && pattern.test(one.text)), JSON.stringify(judgeMpd(text)));
  });

for (const [pattern, from, to] of [
  [/xmlns:cenc=undefined/, ' xmlns:cenc="urn:mpeg:cenc:2013"', ''], [/does not begin with ContentProtection/, `${PROTECTION}<Prod`, `<Role/>${PROTECTION}<Prod`],
  [/value=cenc/, '"cbcs"', '"cenc"'], [/default_KID=00112233445566778899aabbccddeeff/, '00112233-4455-6677-8899-', '00112233445566778899']])
  test(`D-14 finds in an encrypted MPD: ${pattern.source}`, () => {
    const text = ENCRYPTED.replace(from, () => to);
    assert.notEqual(text, ENCRYPTED);
    assert.match(judgeMpd(text).map((one) => `${one.rule} ${one.text}`).join(), pattern);
  });

test('nothing is found in an encrypted MPD', () => assert.deepEqual(judgeMpd(ENCRYPTED), []));
test('nothing is found in a good MPD', () => assert.deepEqual(judgeMpd(GOOD), []));
test('every rule has an MPD that breaks it', () => MPD_RULES.forEach(([rule]) => assert.ok(BROKEN.some(([of]) => of === rule), rule)));
test('D-02 finds that the start moved, or time went back', () => {
  assert.deepEqual(judgeMpdChange(GOOD, GOOD), []);
  assert.match(judgeMpdChange(GOOD, GOOD.replace('16:30:00.000Z', '16:30:01.000Z'))[0].text, /availabilityStartTime was/);
  assert.match(judgeMpdChange(GOOD, GOOD.replace('16:31:00Z', '16:30:59Z'))[0].text, /went back/);
});
test('D-02 finds an MPD that is another and was published at the same time', () => {
  const more = GOOD.replace('bandwidth="3000000"', 'bandwidth="3500000"');
  assert.match(judgeMpdChange(GOOD, more).map((one) => `${one.rule} ${one.text}`).join(), /^D-02 is another, and publishTime is still 2026-11-26T16:31:00Z$/);
  assert.deepEqual(judgeMpdChange(GOOD, more.replace('16:31:00Z', '16:31:00.001Z')), []);
});

// Eight segments and a third of one, four seconds of nothing, and what came then.
const period = (id, start, duration, first, last) => GOOD.match(/ {2}<Period[^]*<\/Period>\n/)[0].replace('id="p0" start="PT0S"', `id="${id}" start="PT${start}S"${duration}`)
  .replace('startNumber="0"', `startNumber="${first}"${last}`)
  .replace(/(wallClockTime=")[^"]*/, (_, name) => name + new Date(Date.parse('2026-11-26T16:30:00.000Z') + 1e3 * start).toISOString());
const AWAY = GOOD.replace(/ {2}<Period[^]*<\/Period>\n/, () => period('p0', 0, ' duration="PT8.3S"', 0, ' endNumber="8"')).replace('16:31:00Z', '16:31:01Z');
const BACK = AWAY.replace('  <UTC', () => `${period('p1', 12.3, '', 9, '')}  <UTC`).replace('16:31:01Z', '16:31:02Z');

test('D-10 finds nothing where a period is over, and another begins', () => {
  for (const text of [AWAY, BACK]) assert.deepEqual(judgeMpd(text), []);
  for (const [before, after] of [[GOOD, AWAY], [AWAY, BACK], [GOOD, BACK]]) assert.deepEqual(judgeMpdChange(before, after), []);
});

const has = (found, rule, pattern) => assert.ok(found.some((one) => one.rule === rule && pattern.test(one.text)), JSON.stringify(found));
test('D-10 finds periods that overlap, and numbers that do not fill theirs', () => {
  has(judgeMpd(BACK.replace('PT12.3S', 'PT8.2S')), 'D-10', /lasts until 8.3, the next starts at 8.2/);
  has(judgeMpd(BACK.replace('PT12.3S', 'PT0S')), 'D-10', /starts at 0, the next at 0/);
  has(judgeMpd(BACK.replace('endNumber="8"', 'endNumber="5"')), 'D-10', /lasts 8.3 s, its numbers 6/);
});
test('D-10 finds a period that was over and goes on', () => {
  has(judgeMpdChange(AWAY, GOOD), 'D-10', /lasted PT8.3S, and now undefined/);
  has(judgeMpdChange(AWAY, BACK.replace('endNumber="8"', 'endNumber="9"')), 'D-10', /ended with 8, and now with 9/);
});
test('D-15 finds what players reckon from and moved', () => {
  has(judgeMpdChange(GOOD, GOOD.replace('PT0S', 'PT0.1S')), 'D-15', /started at PT0S, and now at PT0.1S/);
  has(judgeMpdChange(GOOD, GOOD.replace('startNumber="0"', 'startNumber="1"')), 'D-15', /startNumber was 0, and is 1/);
});
