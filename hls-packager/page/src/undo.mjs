// Undoes what a browser does to a video by itself: what it pauses is played on, without sound. Never against the viewer.

const SPAN_MS = 30_000;
const MOST = 6;  // In that span: a browser that insists is let have its way.

export class Undo {
  constructor(video) {
    Object.assign(this, { video, undone: [] });
    video.addEventListener('pause', () => this.resume());
    // What is hidden may be paused for as long as it is.
    document.addEventListener('visibilitychange', () => { if (video.paused) this.resume(); });
  }

  mayUndo() {
    const now = performance.now();
    this.undone = this.undone.filter((at) => now - at < SPAN_MS);
    return this.undone.length < MOST && this.undone.push(now) > 0;
  }

  resume() {
    const { video } = this;
    // Who has not touched the page has not paused it.
    if (navigator.userActivation?.hasBeenActive !== false || video.ended || video.readyState === 0 || document.hidden || !this.mayUndo()) return;
    video.muted = true;
    video.play().catch(() => {});
  }
}
