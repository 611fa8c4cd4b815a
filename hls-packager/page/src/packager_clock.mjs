// How far the packager's clock is ahead of ours, from several answers: one that was long on its way says little.

const FORGET_MS = 300_000;

export class PackagerClock {
  offset = 0;  // Milliseconds.
  #errorMs = Infinity;
  #takenAt = -Infinity;

  // `sample`: how far ahead by one answer, and how long that took, both in milliseconds. `now`: of a clock that nobody sets.
  take(sample, now) {
    const errorMs = sample.tookMs / 2 + 1;  // The packager said it at any moment of that, and clocks are told in milliseconds.
    const isAnother = Math.abs(sample.offset - this.offset) > errorMs + this.#errorMs;  // Either clock has been set.
    if (!isAnother && errorMs > this.#errorMs && now - this.#takenAt < FORGET_MS) return;
    this.offset = sample.offset;
    this.#errorMs = errorMs;
    this.#takenAt = now;
  }
}
