// What the linter finds of an origin that does one thing wrong, and that it finds nothing of one that does none.

import assert from 'node:assert/strict';
import test from 'node:test';

import { closeIdle } from './http_client.mjs';
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
  'a part is no fragment': ['H-54', /no moof|a box of/],
};

// Nothing is ever late by the clock of a machine that has other things to do, unless it is to be.
async function lint(flaw, lateMs = 60_000) {
  const origin = new SampleOrigin(flaw);
  const found = [];
  const player = new LivePlayer(await origin.listen(), { isAudio: false, others: null, frame: 42_000, withMedia: true, lateMs, pauseMs: 10, report: (one) => found.push(one) });
  let reloads = 0;
  await player.run(() => reloads++ >= RELOADS);
  origin.close();
  return { found, player };
}

const names = [null, ...Object.keys(FLAWS)];
const results = new Map(await Promise.all(names.map(async (flaw) => [flaw, await lint(flaw)])));
const held = await lint(null, -2_999);
const late = await lint('a part is late', 0);
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

test('H-35 is found when a reload is held for too long', () => assert.match(lines(held), /H-35 :0 held for/));

test('H-17 is found when a part is late', () => assert.match(lines(late), /H-17 :0 part \d of \d+ came \d+ ms after the one before/));
