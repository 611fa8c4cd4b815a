// What the linter finds of an origin that does one thing wrong, and that it finds nothing of one that does none.

import assert from 'node:assert/strict';
import http2 from 'node:http2';
import test from 'node:test';

import { closeIdle, request, speakH2 } from './http_client.mjs';
import { LivePlayer } from './live_player.mjs';
import { SampleOrigin } from './sample_origin.mjs';

const RELOADS = 12;
const FLAWS = {
  'reloads are not held': ['H-30', /answered before it was there/],
  'a reload fails': ['H-30', /answered with 500/],
  'a playlist of no type': ['H-56', /the playlist is of type text\/plain/],
  'a playlist without gzip': ['H-71', /without gzip/],
  'skip is ignored': ['H-40', /nothing is skipped, though/],
  'too much is skipped': ['H-40', /skips within CAN-SKIP-UNTIL/],
  'the delta differs': ['H-43', /the delta makes/],
  'media of no type': ['H-56', /is of type text\/plain/],
  'compressed media': ['H-71', /came compressed/],
  'media without length': ['H-54', /without its length/],
  'a part is not there': ['H-54', /s\d+\.3\.m4s is listed, and answered with 404/],
  'parts go when they were sent': ['H-52', /is gone as soon as its segment is whole/],
  'a segment is not its parts': ['H-54', /is not its parts one behind the other/],
  'parts leave a gap': ['H-82', /begins 0.010000 s after/],
  'a part is shorter than it says': ['H-21', /is -0.003333 s longer than it says/],
  'a part does not begin independently': ['H-13', /INDEPENDENT, its first picture is not/],
  'independence is not said': ['H-13', /begins with an independent picture and does not say so/],
  'a part does not begin at its picture': ['H-13', /that is not its first/],
  'a segment has no prft': ['D-08', /s\d+\.0\.m4s begins its segment and has no prft/],
  'a prft is off': ['D-08', /its prft is 20\.0\d\d ms from its segment's date/],
  'a part is no fragment': ['H-54', /no moof|a box of/],
};

// Nothing is ever late by the clock of a machine that has other things to do, unless it is to be.
async function lint(flaw, lateMs = 60_000, create = undefined) {
  const origin = new SampleOrigin(flaw, create);
  const found = [];
  const player = new LivePlayer(await origin.listen(), { isAudio: false, others: null, frame: 42_000, withMedia: true, hasClock: true, lateMs, pauseMs: 10, report: (one) => found.push(one) });
  let reloads = 0;
  await player.run(() => reloads++ >= RELOADS);
  origin.close();
  return { found, player };
}

// How requests end whose streams, or whose connection, end before them; and that more than one connection holds are answered.
async function brokenH2() {
  const origin = http2.createServer({ settings: { maxConcurrentStreams: 32 } }, (asked, response) => {
    if (asked.url === '/reset') response.stream.close(http2.constants.NGHTTP2_CANCEL);
    else if (asked.url === '/torn') response.writeHead(200).write('half', () => response.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR));
    else if (asked.url === '/gone') response.stream.session.destroy();
    else setTimeout(() => response.writeHead(200).end('whole'), 50);
  });
  await new Promise((resolve) => { origin.listen(0, '127.0.0.1', resolve); });
  const ask = (path) => request(`http://127.0.0.1:${origin.address().port}${path}`, { timeoutMs: 10_000 }).then((response) => `${response.version} ${response.text}`, (error) => error.message);
  const many = await Promise.all(Array.from({ length: 100 }, () => ask('/many')));
  const said = { many: [...new Set(many)], reset: await ask('/reset'), torn: await ask('/torn'), gone: await ask('/gone'), after: await ask('/after') };
  origin.close();
  return said;
}

const names = [null, ...Object.keys(FLAWS)];
const results = new Map(await Promise.all(names.map(async (flaw) => [flaw, await lint(flaw)])));
const held = await lint(null, -2_999);
const gap = await lint('a segment is a gap');
const reordered = await lint('pictures are reordered');
const [late, overdue] = await Promise.all(['a part is late', 'a segment is late'].map((flaw) => lint(flaw, 0)));
speakH2();  // From here on.
const overH2 = new Map();
for (const flaw of [null, 'a part is not there', 'a segment is not its parts']) overH2.set(flaw, await lint(flaw, 60_000, http2.createServer));
const broken = await brokenH2();
closeIdle();

const lines = ({ found }) => found.map(({ rule, line, text }) => `${rule} :${line} ${text}`).join('\n');

for (const [flaw, [rule, pattern]] of Object.entries(FLAWS))
  test(`${rule} is found when ${flaw}`, () => {
    const { found } = results.get(flaw);
    assert.ok(found.some((one) => one.rule === rule && pattern.test(one.text)), `${pattern} is not among:\n${lines(results.get(flaw))}`);
  });

test('nothing is found of an origin that does nothing wrong', () => {
  const { player } = results.get(null);
  assert.equal(lines(results.get(null)), '');
  assert.ok(player.count.deltas === RELOADS && player.media.count > 30, JSON.stringify(player.count));
});

// A stream of a group that was away, which is no flaw.
test('nothing is found of media that go on behind a gap', () => assert.equal(lines(gap), ''));

// Its date is when the first picture is shown, which is later than its decode time where there are B pictures.
test('nothing is found of pictures that are shown in another order than they are decoded', () => assert.equal(lines(reordered), ''));

test('H-35 is found when a reload is held for too long', () => assert.match(lines(held), /H-35 :0 held for/));

test('H-17 is found when a segment is late', () => assert.match(lines(overdue), /H-17 :0 segment \d+ came \d+ ms after the one before/));

test('H-17 is found when a part is late', () => assert.match(lines(late), /H-17 :0 part \d of \d+ came \d+ ms after the one before/));

test('nothing is found over HTTP/2 of an origin that does nothing wrong', () => {
  const { player } = overH2.get(null);
  assert.equal(lines(overH2.get(null)), '');
  assert.ok(player.count.deltas === RELOADS && player.media.count > 30, JSON.stringify(player.count));
});

for (const flaw of ['a part is not there', 'a segment is not its parts'])
  test(`over HTTP/2 it is found when ${flaw}`, () => assert.match(lines(overH2.get(flaw)), FLAWS[flaw][1]));

test('requests over HTTP/2 are answered however many they are, and those that are cut short fail', () => {
  assert.deepEqual(broken.many, ['2 whole']);
  for (const one of ['reset', 'torn', 'gone']) assert.match(broken[one], new RegExp(`^GET http.*/${one}: `));
  assert.equal(broken.after, '2 whole');
});
