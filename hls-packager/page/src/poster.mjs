// The newest picture of a stream, decoded here: the packager decodes nothing. One stream after the other, and each for as
// long as one picture takes.

import Hls from 'hls.js';

const PATIENCE_MS = 10_000;
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

function drawFirstPicture(url, canvas) {
  if (!Hls.isSupported()) return Promise.resolve();
  const video = document.createElement('video');
  video.muted = true;
  const hls = new Hls({ maxBufferLength: 1, enableWorker: false });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no picture came')), PATIENCE_MS);
    const over = (settle) => () => { clearTimeout(timer); settle(); };
    video.addEventListener('loadeddata', over(() => { draw(video, video.videoWidth, video.videoHeight, canvas); resolve(); }), { once: true });
    hls.on(Hls.Events.ERROR, (_, { fatal, details }) => { if (fatal) over(() => reject(new Error(details)))(); });
    hls.loadSource(url);
    hls.attachMedia(video);
  }).finally(() => hls.destroy());
}
