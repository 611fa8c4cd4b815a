// How a player that is too far behind, or too near, gets to where it should be.

import assert from 'node:assert/strict';
import test from 'node:test';

const HOLD_BACK_S = 0.6;

// The page asks for its browser when it is loaded. Node has no navigator of its own before 21.
Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'Mozilla/5.0 Chrome/156.0' }, configurable: true });
const { CatchUp } = await import('./catch_up.mjs');

class Video extends EventTarget {
  currentTime = 10;
  playbackRate = 1;
  paused = false;
  seeking = false;
  readyState = 4;
  range = [5, 10.5];

  get buffered() { return { length: 1, start: () => this.range[0], end: () => this.range[1] }; }
}

// A video that is `latency` behind, and as long as it is wanted.
function playing(latency, isRateless = false) {
  const video = new Video();
  const seen = { latency, target: HOLD_BACK_S };
  const one = new CatchUp(video, () => seen.latency, () => seen.target, isRateless);
  clearInterval(one.timer);  // Its own steps.
  video.dispatchEvent(new Event('playing'));
  return { video, seen, one };
}

function step(one, times) { for (let i = 0; i < times; ++i) one.step(); }

test('who stalls too near to the end goes back a little, until it is where it should be', () => {
  const { video, seen } = playing(0.3, true);
  video.dispatchEvent(new Event('waiting'));
  assert.ok(Math.abs(video.currentTime - 9.75) < 1e-9, `${video.currentTime}`);
  Object.assign(seen, { latency: 0.55, target: 1.6 });  // As hls.js wants it after a stall.
  video.dispatchEvent(new Event('waiting'));
  assert.ok(Math.abs(video.currentTime - 9.75) < 1e-9, `${video.currentTime}`);
});

test('who is behind on purpose stays there, at the first moment and later, with and without rates', () => {
  for (const isRateless of [false, true]) {
    const { video, one } = playing(62, isRateless);
    video.range[1] = 40;
    one.hold(true);
    step(one, 30);
    assert.deepEqual([video.currentTime, video.playbackRate], [10, 1]);
    one.hold(false);
    step(one, 10);
    assert.ok(video.currentTime > 10);
  }
});

test('nobody goes back to what is not there', () => {
  const { video } = playing(0.3, true);
  video.range[0] = 9.9;
  video.dispatchEvent(new Event('waiting'));
  assert.ok(Math.abs(video.currentTime - 9.9) < 1e-9, `${video.currentTime}`);
});

test('a stall where it should be, a seek, the wait for the first picture, or where there are rates, moves nobody', () => {
  const { video } = playing(0.62, true);
  video.dispatchEvent(new Event('waiting'));
  const sought = playing(0.3, true);
  sought.video.seeking = true;
  sought.video.dispatchEvent(new Event('waiting'));
  const undated = playing(null, true);
  undated.video.dispatchEvent(new Event('waiting'));
  const rated = playing(0.3);
  rated.video.dispatchEvent(new Event('waiting'));
  for (const one of [video, sought.video, undated.video, rated.video]) assert.equal(one.currentTime, 10);
});

test('what a slow start cost is made up by one jump, what is lost later by a rate', () => {
  const { video, one } = playing(1.1);
  video.range[1] = 11;
  step(one, 5);
  assert.ok(video.currentTime > 10.4 && video.currentTime <= 10.5, `${video.currentTime}`);
  const jumped = video.currentTime;
  video.range[1] = jumped + 0.7;
  step(one, 10);
  assert.equal(video.currentTime, jumped);
  assert.ok(video.playbackRate > 1);
  video.range[1] = jumped + 0.2;  // Nothing to spare.
  step(one, 10);
  assert.equal(video.playbackRate, 1);
});
