// Plays a little faster while it is further behind than it need be and has enough in hand. hls.js does that by itself only with
// more than a second in hand, which who is less than a second behind never has.
//
// What is in hand goes up and down with every part. Its least of the last two seconds says how much of it is never needed; each
// stall teaches that more is. What a slow start cost is made up by one jump in the first moments, which nobody misses.
// Who is behind on purpose is left there (`hold`).
//
// WebKitGTK takes no rate. Where it has begun nearer to the end than it should (hls.js skips what is not there) it stalls with every
// part, for ever: it goes back a little with each stall, until it is where it should be. Others get there by their stalls.

import { forgetsItIsMuted } from './browser.mjs';

const STEP_MS = 200;
const MEMORY = 10;  // Steps.
const RATE = 1.04;  // Nobody hears that.
const LEAST_S = 0.45;
const LEAST_AFTER_STALL_S = 0.25;
const CLOSE_S = 0.1;
const FIRST_JUMP_S = 0.15;  // Less is not worth one.
const FIRST_TRIES = 25;  // Five seconds.
const JUMP_S = 1;  // A later one is seen.

export class CatchUp {
  constructor(video, latency, target, isRateless = forgetsItIsMuted) {
    Object.assign(this, { isRateless, video, latency, target, seen: [], least: LEAST_S, nearest: Infinity, hasPlayed: false, hasJumped: false, isHeld: false, tries: 0 });
    this.stop = new AbortController();
    const { signal } = this.stop;
    video.addEventListener('playing', () => { this.hasPlayed = true; }, { signal });
    video.addEventListener('waiting', () => { if (this.hasPlayed && !video.seeking) this.stall(); }, { signal });
    video.addEventListener('seeking', () => { this.seen = []; }, { signal });
    this.timer = setInterval(() => this.step(), STEP_MS);
  }

  // Of what is buffered around what is shown, seconds: behind it, and in hand.
  around() {
    const { buffered, currentTime } = this.video;
    for (let i = 0; i < buffered.length; ++i) {
      const [played, inHand] = [currentTime - buffered.start(i), buffered.end(i) - currentTime];
      if (played >= 0 && inHand >= 0) return { played, inHand };
    }
    return { played: 0, inHand: 0 };
  }

  hold(isHeld) {
    this.isHeld = isHeld;
    this.seen = [];
    if (isHeld && this.video.playbackRate === RATE) this.video.playbackRate = 1;
  }

  stall() {
    this.least = Math.min(2, this.least + LEAST_AFTER_STALL_S);
    // hls.js wants to be further behind after a stall: what it wanted first counts.
    this.nearest = Math.min(this.nearest, this.target() ?? Infinity);
    const latency = this.latency();
    const tooNear = latency === null || this.nearest === Infinity ? 0 : this.nearest - latency;
    if (this.isRateless && tooNear > CLOSE_S) this.video.currentTime -= Math.min(LEAST_AFTER_STALL_S, tooNear, this.around().played);
  }

  step() {
    const { video } = this;
    if (this.isHeld || video.paused || video.seeking || video.readyState < 3) return;
    this.seen.push(this.around().inHand);
    if (this.seen.length > MEMORY) this.seen.shift();
    const latency = this.latency();
    const target = this.target();
    this.nearest = Math.min(this.nearest, target ?? Infinity);
    if (latency === null || target === null || this.seen.length < MEMORY / 2) return;
    const behind = latency - target;
    const spare = Math.min(...this.seen) - this.least;
    if (!this.hasJumped || this.isRateless) this.jump(Math.min(behind, spare));
    if (this.isRateless) return;
    const rate = behind > CLOSE_S && spare > 0 ? RATE : 1;
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  // Where a rate will not help, the first may wait for its moment.
  jump(seconds) {
    const isWorthIt = seconds > (this.hasJumped ? JUMP_S : FIRST_JUMP_S);
    this.hasJumped ||= isWorthIt || !this.isRateless || ++this.tries >= FIRST_TRIES;
    if (isWorthIt) this.video.currentTime += seconds;
  }

  destroy() {
    clearInterval(this.timer);
    this.stop.abort();
    this.video.playbackRate = 1;
  }
}
