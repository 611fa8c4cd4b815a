// LL-DASH by dash.js. How far behind it stays is what the MPD says; how fast it gets there is not: with the MPD's 4 % half a second
// too many takes half a minute.

import { MediaPlayer } from 'dashjs';

import { forgetsItIsMuted } from './browser.mjs';
import { PeriodWatch } from './period_watch.mjs';

const RATE = forgetsItIsMuted ? 0 : 0.1;  // More or less than 1, the less the nearer it is.
const MAX_DRIFT_S = forgetsItIsMuted ? 1 : NaN;  // More is jumped over.

const named = (track) => track.labels?.[0]?.text || track.lang || `Track ${track.index}`;

export function startDash(video, url, { failed, tracksChanged }) {
  const player = MediaPlayer().create();
  player.on(MediaPlayer.events.ERROR, ({ error }) => failed(error?.message ?? 'the DASH player gave up'));
  player.on(MediaPlayer.events.STREAM_INITIALIZED, tracksChanged);
  player.updateSettings({ streaming: { liveCatchup: { maxDrift: MAX_DRIFT_S, playbackRate: { min: -RATE, max: RATE } } } });
  const watch = new PeriodWatch(video, () => player.getActiveStream()?.getId(), () => failed('does not get into the next period'));
  player.on(MediaPlayer.events.MANIFEST_LOADED, ({ data }) => watch.heard(data.Period.at(-1)?.id));
  player.initialize(video, new URL(url, location.href).href, true);  // It compares URLs, and takes whole ones alone.
  // It throws before there is a window.
  const window = () => { try { return player.isDynamic() && { ...player.getDvrWindow(), target: player.getTargetLiveDelay() }; } catch { return {}; } };
  const tracks = () => player.getTracksFor('audio') ?? [];
  return {
    name: `dash.js ${player.getVersion()}`,
    dash: player,
    latency: () => { const seconds = player.getCurrentLiveLatency(); return Number.isFinite(seconds) ? seconds : null; },
    target: () => player.getTargetLiveDelay?.() ?? null,
    codecs: () => ['video', 'audio'].map((type) => player.getCurrentTrackFor(type)?.codec ?? '').filter(Boolean).join(', '),
    goLive: () => player.seekToOriginalLive?.() ?? player.seek(player.duration()),
    behind: () => { const { end, target } = window(); const seconds = end - target - video.currentTime; return Number.isFinite(seconds) ? seconds : null; },
    begins: () => window().start ?? null,
    // It goes to live by itself from where the MPD's greatest latency is. null: as the MPD wants it.
    hold: (isHeld) => player.updateSettings({ streaming: { liveCatchup: { enabled: isHeld ? false : null } } }),
    tracks: () => tracks().map(named),
    track: () => tracks().findIndex((track) => track.index === player.getCurrentTrackFor('audio')?.index),
    choose: (i) => player.setCurrentTrack(tracks()[i]),
    destroy: () => { watch.destroy(); player.destroy(); },
  };
}
