// LL-HLS by hls.js.

import Hls from 'hls.js';

import { isWebKit } from './browser.mjs';
import { CatchUp } from './catch_up.mjs';
import { tellLoadedParts } from './loaded_parts.mjs';

const NEAR_END_S = 5;
const STANDS_MS = 2_000;
// What no second try mends.
const LASTING = [Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR, Hls.ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR];

export const isSupported = () => Hls.isSupported();

// `failed(text)`: it cannot go on. What it can mend by itself it mends.
export function startHls(video, url, { failed, tracksChanged, offsetMs }) {
  // No backBufferLength: hls.js 1.7.4 loads nothing for four seconds when it empties the back buffer. Browsers empty it themselves.
  const hls = new Hls({ lowLatencyMode: true, liveDurationInfinity: isWebKit });
  let mends = 0;
  hls.on(Hls.Events.ERROR, (_, { fatal, type, details, response }) => {
    if (!fatal) return;
    if (type === Hls.ErrorTypes.MEDIA_ERROR && !LASTING.includes(details) && mends++ < 2) hls.recoverMediaError();
    else failed(response?.code ? `${details} (${response.code})` : details);
  });
  hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, tracksChanged);
  tellLoadedParts(hls, Hls.Events);
  // hls.js looks for the last part in what pictures and sound have in common, and never ends where one outlasts the other.
  let [stood, standsSince] = [null, 0];
  const ending = setInterval(() => {
    if (video.currentTime !== stood) [stood, standsSince] = [video.currentTime, performance.now()];
    const details = hls.levels[hls.currentLevel]?.details;
    const isOver = details?.live === false && !video.ended && video.currentTime > details.edge - NEAR_END_S;
    if (isOver && performance.now() - standsSince > STANDS_MS) hls.trigger(Hls.Events.BUFFER_EOS, {});
  }, STANDS_MS / 4);
  hls.loadSource(url);
  hls.attachMedia(video);
  const latency = () => (hls.playingDate ? (Date.now() + offsetMs() - hls.playingDate.getTime()) / 1000 : null);
  const catchUp = new CatchUp(video, latency, () => hls.targetLatency);
  const isLive = () => hls.latestLevelDetails?.live === true;
  return {
    name: `hls.js ${Hls.version}`,
    hls,
    latency,
    target: () => hls.targetLatency,
    codecs: () => [hls.levels[hls.currentLevel]?.videoCodec, hls.levels[hls.currentLevel]?.audioCodec].filter(Boolean).join(', '),
    goLive: () => { if (hls.liveSyncPosition !== null) video.currentTime = hls.liveSyncPosition; },
    behind: () => (isLive() && hls.liveSyncPosition !== null ? hls.liveSyncPosition - video.currentTime : null),
    begins: () => (isLive() ? hls.latestLevelDetails.fragmentStart : null),
    hold: (isHeld) => catchUp.hold(isHeld),
    tracks: () => hls.audioTracks.map((track) => track.name),
    track: () => hls.audioTrack,
    choose: (i) => { hls.audioTrack = i; },
    destroy: () => { catchUp.destroy(); clearInterval(ending); hls.destroy(); },
  };
}
