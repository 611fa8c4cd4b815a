// The newest picture of a stream, decoded here: the packager decodes nothing. One stream after the other, and each for as
// long as one picture takes.

import Hls from 'hls.js';

const PATIENCE_MS = 10_000;
const AGAIN_MS = 100;
let before = Promise.resolve();

export function takePoster(stream, canvas) {
  const taken = before.then(() => drawFirstPicture(stream.hls, canvas));
  before = taken.catch(() => {});
  return taken;
}

function draw(source, width, height, canvas) {
  if (width > 0 && height > 0) canvas.height = Math.round((canvas.width * height) / width);
  canvas.getContext('2d').drawImage(source, 0, 0, canvas.width, canvas.height);
}

// Of a picture that cannot be drawn yet nothing is drawn, and nobody is told.
const isDrawn = (canvas) => canvas.getContext('2d').getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data[3] > 0;

function drawFirstPicture(url, canvas) {
  if (!Hls.isSupported()) return Promise.resolve();
  const video = document.createElement('video');
  video.muted = true;
  const hls = new Hls({ maxBufferLength: 1, enableWorker: false });
  let [isOver, timer] = [false, 0];
  return new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no picture came')), PATIENCE_MS);
    // Not by requestVideoFrameCallback alone: in a tab that is not looked at it never comes.
    const attempt = () => {
      if (isOver) return;
      draw(video, video.videoWidth, video.videoHeight, canvas);
      if (isDrawn(canvas)) resolve();
      else setTimeout(attempt, AGAIN_MS);
    };
    video.addEventListener('loadeddata', attempt, { once: true });
    hls.on(Hls.Events.ERROR, (_, { fatal, details }) => { if (fatal) reject(new Error(details)); });
    hls.loadSource(url);
    hls.attachMedia(video);
  }).finally(() => {
    isOver = true;
    clearTimeout(timer);
    hls.destroy();
  });
}
