// What can be seen of how a stream plays: how far behind, how many bits came, which pictures were dropped, when it stood still.

import { Chart } from './chart.mjs';

const RATE_SPAN_MS = 4_000;
const CLOCK_OFF_S = 0.2;  // Further ahead of live nobody is: the packager's clock has been set.
const MEDIA = /\.(m4s|mp4)(\?|$)/;

export class Meter {
  constructor(video, place) {
    Object.assign(this, { video, loads: [], stalls: 0, stalledMs: 0, stalledSince: null, dropped: 0, firstPictureMs: null });
    this.latency = new Chart(place, 'Behind live', { least: 1, say: (seconds) => `${seconds.toFixed(2)} s` });
    this.rate = new Chart(place, 'Bit rate', { least: 1, say: (megabits) => `${megabits.toFixed(2)} Mb/s` });
    this.drops = new Chart(place, 'Dropped pictures', { least: 1, say: (count) => `${count}` });
    this.stalling = new Chart(place, 'Stalls', { least: 1, say: (count) => `${count}` });
    this.listen();
  }

  listen() {
    const { video } = this;
    const began = performance.now();
    video.addEventListener('loadeddata', () => { this.firstPictureMs ??= performance.now() - began; });
    video.addEventListener('waiting', () => {
      if (!this.hasPlayed || video.seeking || this.stalledSince !== null) return;
      ++this.stalls;
      this.stalledSince = performance.now();
    });
    video.addEventListener('playing', () => {
      this.hasPlayed = true;
      if (this.stalledSince !== null) this.stalledMs += performance.now() - this.stalledSince;
      this.stalledSince = null;
    });
    // What came over the network, whichever player asked for it.
    new PerformanceObserver((entries) => {
      for (const entry of entries.getEntries()) if (MEDIA.test(entry.name)) this.loads.push({ at: entry.responseEnd, bytes: entry.encodedBodySize });
      performance.clearResourceTimings();
    }).observe({ type: 'resource' });
  }

  // Once a second.
  tick(latency, target) {
    const now = performance.now();
    this.loads = this.loads.filter((load) => now - load.at < RATE_SPAN_MS);
    const bits = this.loads.reduce((sum, load) => sum + 8 * load.bytes, 0);
    const isPlaying = this.hasPlayed && !this.video.paused;
    const isKnown = isPlaying && latency !== null && latency > -CLOCK_OFF_S && latency < 86_400;
    this.latency.push(isKnown ? Math.max(0, latency) : null, { goal: target || null });
    this.rate.push(bits / (1_000 * RATE_SPAN_MS));
    const dropped = this.video.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0;
    this.drops.push(Math.max(0, dropped - this.dropped), { shown: dropped });
    this.dropped = dropped;
    const stalledMs = this.stalledMs + (this.stalledSince === null ? 0 : now - this.stalledSince);
    this.stalling.push(Math.min(1, Math.max(0, (stalledMs - (this.stalledBefore ?? 0)) / 1000)), { shown: this.stalls });
    this.stalledBefore = stalledMs;
  }
}
