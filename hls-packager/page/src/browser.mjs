// What one engine does and no other, and no feature tells.

// Takes a live video that has come to its duration for one that has ended. Every browser on iOS is this engine.
export const isWebKit = /AppleWebKit\/(?!.*Chrom)/.test(navigator.userAgent);

// WebKitGTK takes a muted video for an audible one after each change of its rate, and pauses it: it is allowed no sound.
export const forgetsItIsMuted = isWebKit && /X11|Wayland|Linux/.test(navigator.userAgent);
