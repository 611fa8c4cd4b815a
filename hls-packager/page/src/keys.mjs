// Keys, wherever the focus is, unless what has it wants them for itself.

export function bindKeys(video, goLive) {
  const actions = {
    k: () => (video.paused ? video.play().catch(() => {}) : video.pause()),
    m: () => { video.muted = !video.muted; },
    f: () => (document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen?.()),
    l: goLive,
  };
  document.addEventListener('keydown', (event) => {
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    const action = actions[event.key.toLowerCase()];
    if (!action || isTyping || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    action();
  });
}
