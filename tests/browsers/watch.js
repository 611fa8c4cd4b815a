// Runs in the page, before anything else does: waits for its video, reads the number off each picture that is shown, and
// remembers when that was, against the clock of this machine. `globalThis.watched` has what was seen; `made` is how many players the
// page has needed.
(() => {
  const BOX = 32;
  const BITS = 16;
  const seen = { pictures: [], dates: [], stalls: [], errors: [], made: 0, firstPictureMs: null, unreadable: 0 };
  globalThis.watched = seen;

  const canvas = document.createElement('canvas');
  canvas.width = BOX * (BITS + 2);
  canvas.height = BOX;
  const context = canvas.getContext('2d', { willReadFrequently: true });

  // The number, or null where the two reference boxes are not white and black.
  function numberIn(video) {
    context.drawImage(video, 0, 0, canvas.width, BOX, 0, 0, canvas.width, BOX);
    const row = context.getImageData(0, BOX / 2, canvas.width, 1).data;
    const level = (box) => row[4 * (box * BOX + BOX / 2)];
    const [white, black] = [level(0), level(1)];
    if (white < 160 || black > 90) return null;
    let number = 0;
    for (let bit = 0; bit < BITS; ++bit) if (level(bit + 2) > (white + black) / 2) number += 2 ** bit;
    return number;
  }

  function follow(video) {
    const step = (now, { expectedDisplayTime }) => {
      const shownAt = performance.timeOrigin + (expectedDisplayTime || now);
      seen.firstPictureMs ??= performance.now();
      const number = numberIn(video);
      if (number === null) ++seen.unreadable;
      else seen.pictures.push([number, shownAt]);
      const date = globalThis.fanlight?.player?.hls?.playingDate;
      if (date) seen.dates.push(Date.now() - date.getTime());
      video.requestVideoFrameCallback(step);
    };
    video.requestVideoFrameCallback(step);
    let hasPlayed = false;
    video.addEventListener('playing', () => { hasPlayed = true; });
    video.addEventListener('waiting', () => { if (hasPlayed && !video.seeking) seen.stalls.push(performance.timeOrigin + performance.now()); });
  }

  let hls = null;
  let dash = null;
  let isFound = false;
  setInterval(() => {
    const video = document.querySelector('video');
    if (video && !isFound) {
      isFound = true;
      follow(video);
    }
    const { hls: hlsNow, dash: dashNow } = globalThis.fanlight?.player ?? {};
    if (dashNow && dashNow !== dash) {
      dash = dashNow;
      ++seen.made;
      dash.on('error', ({ error }) => seen.errors.push(`fatal dash.js ${error?.code ?? error} ${error?.message ?? ''}`));
    }
    if (!hlsNow || hlsNow === hls) return;
    hls = hlsNow;
    ++seen.made;
    hls.on('hlsError', (_, { type, details, fatal }) => seen.errors.push(`${fatal ? 'fatal ' : ''}${type} ${details}`));
  }, 20);
})();
