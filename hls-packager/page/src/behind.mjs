// Whether the viewer is behind live, and means to be: who pauses or goes back stays as far behind, with the player's own catching up held,
// until they go to live or are there. Where the window does not reach back to what is shown any more, playing begins at live.
//
// The player tells behind(), seconds that going to live would gain, and begins(), where its window does, both null where it does not know or nothing is live;
// goLive() gets there, and hold(isHeld) keeps it from catching up.

const FAR_S = 5;
const NEAR_S = 4;  // Clocks drift: a mark that comes and goes with each second says nothing.
const BACK_S = 1;  // Players step back by less.
const LASTING_MS = 500;  // Until a jump has been made.

const pad = (count) => String(count).padStart(2, '0');

// "1:02 behind".
export function behindText(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60)];
  return `${hours > 0 ? `${hours}:${pad(minutes % 60)}` : minutes}:${pad(whole % 60)} behind`;
}

export class Behind {
  // `isViewer`: whether somebody is there. What a browser pauses by itself nobody has chosen.
  constructor(video, player, isViewer = () => navigator.userActivation?.hasBeenActive !== false) {
    Object.assign(this, { video, player, isViewer, isFar: false, isHeld: false, position: 0, jumpedAt: -Infinity });
    const on = (event, what) => video.addEventListener(event, what);
    on('pause', () => { if (this.isViewer() && video.readyState >= 2 && !video.ended) this.hold(true); });
    on('play', () => this.resume());
    on('timeupdate', () => { if (!video.seeking) this.position = video.currentTime; });
    on('emptied', () => { this.position = 0; });
    on('seeking', () => { if (video.currentTime < this.position - BACK_S && this.isViewer()) this.hold(true); });
  }

  hold(isHeld) {
    this.isHeld = isHeld;
    this.player()?.hold(isHeld);
  }

  resume() {
    if (this.position === 0) return;  // Where to begin the player knows.
    const begins = this.player()?.begins() ?? null;
    const isLost = begins !== null && this.video.currentTime < begins;
    if (performance.now() - this.jumpedAt < LASTING_MS) return;
    if (isLost || (!this.isHeld && this.player()?.behind() > FAR_S)) this.goLive();
    else this.step();
  }

  goLive() {
    this.jumpedAt = performance.now();
    this.hold(false);
    this.player()?.goLive();
  }

  // Of another player nothing is known.
  forget() { Object.assign(this, { isFar: false, isHeld: false, position: 0 }); }

  // Gives whether it is far behind.
  step() {
    const behind = this.player()?.behind() ?? null;
    this.isFar = behind !== null && behind > (this.isFar ? NEAR_S : FAR_S);
    if (this.isHeld && !this.video.paused && !this.video.seeking && behind !== null && !this.isFar) this.hold(false);
    return this.isFar;
  }
}
