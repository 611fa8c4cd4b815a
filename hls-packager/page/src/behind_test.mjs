// Who pauses or goes back stays behind, and is told so; who cannot, or did not choose it, goes to live.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Behind, behindText } from './behind.mjs';

class Video extends EventTarget {
  currentTime = 100;
  readyState = 4;
  paused = false;
  seeking = false;
  ended = false;
}

// A player with a window of 30 s, whose viewer is at live.
function playing(isViewer = true) {
  const video = new Video();
  const seen = { live: 100, held: [], jumps: 0 };
  const player = {
    behind: () => seen.live - video.currentTime, begins: () => seen.live - 30, hold: (isHeld) => seen.held.push(isHeld),
    goLive: () => { ++seen.jumps; video.currentTime = seen.live; },
  };
  const one = new Behind(video, () => player, () => isViewer);
  const tell = (event) => video.dispatchEvent(new Event(event));
  tell('timeupdate');
  return { video, seen, one, tell };
}

function pausedFor(seconds, isViewer = true) {
  const all = playing(isViewer);
  all.video.paused = true;
  all.tell('pause');
  all.seen.live += seconds;
  all.video.paused = false;
  all.tell('play');
  return all;
}

test('how far behind reads like a clock', () => {
  assert.deepEqual([6.4, 61.8, 3725].map(behindText), ['0:06 behind', '1:02 behind', '1:02:05 behind']);
});

test('who resumes what the window still has plays on there, and nothing catches up', () => {
  const { video, seen, one } = pausedFor(20);
  assert.deepEqual([video.currentTime, seen.jumps, seen.held, one.step()], [100, 0, [true], true]);
});

test('who resumes what the window has no more goes to live', () => {
  const { seen, one } = pausedFor(62);
  assert.deepEqual([seen.jumps, seen.held, one.step()], [1, [true, false], false]);
});

test('after a short pause the player catches up', () => {
  const { seen, one } = pausedFor(3);
  assert.deepEqual([seen.jumps, seen.held, one.step()], [0, [true, false], false]);
});

test('what a browser pauses goes on at live', () => {
  assert.equal(pausedFor(20, false).seen.jumps, 1);
});

test('who goes back stays there until they go to live', () => {
  const { video, seen, one, tell } = playing();
  video.currentTime -= 12;
  tell('seeking');
  assert.ok(one.step() && one.isHeld);
  one.goLive();
  assert.deepEqual([seen.jumps, seen.held, one.step()], [1, [true, false], false]);
});

test('a mark does not come and go where clocks drift', () => {
  const { seen, one } = playing();
  for (const [behind, isFar] of [[4.9, false], [5.1, true], [4.9, true], [3.9, false], [4.9, false]]) {
    seen.live = 100 + behind;
    assert.equal(one.step(), isFar, `${behind}`);
  }
});
