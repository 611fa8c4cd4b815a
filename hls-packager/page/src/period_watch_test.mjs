// When a player is begun anew because it does not get into the next period.

import assert from 'node:assert/strict';
import test from 'node:test';

import { PeriodWatch } from './period_watch.mjs';

globalThis.HTMLMediaElement = { HAVE_CURRENT_DATA: 2, HAVE_FUTURE_DATA: 3 };

// A video and a player beside it, a quarter of a second at a time.
class Case {
  constructor() {
    Object.assign(this, { now: 0, period: 'p0', stuck: 0, video: { currentTime: 10, paused: false, seeking: false, readyState: 4 } });
    this.watch = new PeriodWatch(this.video, () => this.period, () => { ++this.stuck; });
    this.watch.destroy();  // Its own steps.
    this.hear('p0');
  }

  hear(id) { this.watch.heard(id, this.now); }

  pass(seconds, speed = 0) {
    for (let i = 0; i < 4 * seconds; ++i) {
      this.now += 250;
      this.video.currentTime += speed / 4;
      this.watch.step(this.now);
    }
  }

  stand() { Object.assign(this.video, { readyState: 1 }); }
}

test('a stall in the only period is none of its business', () => {
  const one = new Case();
  one.pass(3, 1);
  one.stand();
  one.pass(60);
  assert.equal(one.stuck, 0);
});

test('a player that stands before a new period is begun anew after two seconds', () => {
  const one = new Case();
  one.stand();
  one.pass(5);
  one.hear('p1');
  one.pass(2);
  assert.equal(one.stuck, 0);
  one.pass(0.25);
  assert.equal(one.stuck, 1);
});

test('also when it calls the new period its own, or seeks for ever', () => {
  const one = new Case();
  Object.assign(one.video, { seeking: true, paused: true, readyState: 1 });
  one.hear('p1');
  one.period = 'p1';
  one.pass(3);
  assert.ok(one.stuck > 0);
});

test('one that plays the last period to its end has its two seconds then', () => {
  const one = new Case();
  one.hear('p1');
  one.pass(5, 1);
  one.stand();
  one.pass(2);
  assert.equal(one.stuck, 0);
  one.pass(0.25);
  assert.equal(one.stuck, 1);
});

test('one that plays the new period is left alone, whatever stalls later', () => {
  const one = new Case();
  one.hear('p1');
  one.pass(1);
  one.period = 'p1';
  one.pass(1, 1);
  one.stand();
  one.pass(60);
  assert.equal(one.stuck, 0);
});

test('a viewer who has paused at a picture is waited for', () => {
  const one = new Case();
  Object.assign(one.video, { paused: true });
  one.hear('p1');
  one.pass(600);
  assert.equal(one.stuck, 0);
});
