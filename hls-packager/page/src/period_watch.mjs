// Says when dash.js does not get into the period that has begun. Where nothing was sent for a while that period begins later than
// the last one ends, and dash.js, which has thrown away what it had before, jumps a gap between two buffered ranges alone.

const STEP_MS = 250;
const PATIENCE_MS = 2_000;  // In it there is something to play; by itself dash.js plays it within less than that, or never.

export class PeriodWatch {
  constructor(video, period, stuck) {
    Object.assign(this, { video, period, stuck, newest: null, since: null, time: null });
    this.timer = setInterval(() => this.step(performance.now()), STEP_MS);
  }

  // The last that the MPD has.
  heard(id, now = performance.now()) {
    if (this.newest !== null && id !== this.newest) this.since = now;
    this.newest = id;
  }

  step(now) {
    const { currentTime, paused, readyState } = this.video;
    const isPlaying = readyState >= HTMLMediaElement.HAVE_FUTURE_DATA && currentTime > this.time;
    const isPaused = paused && readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;  // By the viewer, who has a picture.
    this.time = currentTime;
    if (this.since === null) return;
    if (isPlaying && this.period() === this.newest) this.since = null;
    else if (isPlaying || isPaused) this.since = now;
    else if (now - this.since > PATIENCE_MS) this.stuck();
  }

  destroy() { clearInterval(this.timer); }
}
