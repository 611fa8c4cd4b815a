// hls.js 1.7.4 gets no further than a segment of which a part is listed that was not loaded, also where it takes that segment for loaded
// and asks for nothing of it: it stands until the playlist lists those parts no more, which takes some seconds. That befalls a segment
// that was loaded whole, where it goes over to parts, and one whose first part a jump has left out. It is told that they are loaded.

const OVERLOOKED_S = 0.2;  // A segment that lacks no more than that hls.js takes for loaded.

// Those of the segment that it will never ask for. `isWhole`: it was not loaded by parts.
export function neverAskedFor(parts, sn, isWhole) {
  const own = (parts ?? []).filter((part) => part.fragment.sn === sn);
  if (isWhole) return own.filter((part) => !part.loaded);
  const before = own.slice(0, Math.max(0, own.findIndex((part) => part.loaded)));
  return before.reduce((sum, part) => sum + part.duration, 0) < OVERLOOKED_S ? before : [];
}

export function tellLoadedParts(hls, { FRAG_BUFFERED }) {
  hls.on(FRAG_BUFFERED, (_, { frag, part }) => {
    const details = (frag.type === 'audio' ? hls.audioTracks : hls.levels)[frag.level]?.details;
    for (const one of neverAskedFor(details?.partList, frag.sn, !part)) Object.assign(one.elementaryStreams, frag.elementaryStreams);
  });
}
