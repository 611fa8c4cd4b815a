// Apple's own player, where there is no MediaSource for another. Elsewhere a browser may claim HLS too, but play it far behind.

export const canPlayHls = (video) => video.canPlayType('application/vnd.apple.mpegurl') !== '';

export function startNative(video, url, { failed, offsetMs }) {
  const stop = new AbortController();
  video.addEventListener('error', () => failed(video.error?.message || 'the player gave up'), { signal: stop.signal });
  video.src = url;
  const startDate = () => video.getStartDate?.().getTime() ?? NaN;
  const isLive = () => video.duration === Infinity && video.seekable.length > 0;
  return {
    name: 'the browser’s own player',
    latency: () => { const date = startDate(); return Number.isNaN(date) ? null : (Date.now() + offsetMs() - date) / 1000 - video.currentTime; },
    target: () => null,
    codecs: () => '',
    goLive: () => { if (video.seekable.length > 0) video.currentTime = video.seekable.end(video.seekable.length - 1); },
    behind: () => (isLive() ? video.seekable.end(video.seekable.length - 1) - video.currentTime : null),
    begins: () => (isLive() ? video.seekable.start(0) : null),
    hold: () => {},
    tracks: () => [],
    track: () => -1,
    choose: () => {},
    destroy: () => { stop.abort(); video.removeAttribute('src'); video.load(); },
  };
}
