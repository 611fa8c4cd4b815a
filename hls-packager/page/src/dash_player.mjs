// LL-DASH by dash.js. How far behind it stays is what the MPD says.

import { MediaPlayer } from 'dashjs';

const named = (track) => track.labels?.[0]?.text || track.lang || `Track ${track.index}`;

export function startDash(video, url, { failed, tracksChanged }) {
  const player = MediaPlayer().create();
  player.on(MediaPlayer.events.ERROR, ({ error }) => failed(error?.message ?? 'the DASH player gave up'));
  player.on(MediaPlayer.events.STREAM_INITIALIZED, tracksChanged);
  player.initialize(video, new URL(url, location.href).href, true);  // It compares URLs, and takes whole ones alone.
  const tracks = () => player.getTracksFor('audio') ?? [];
  return {
    name: `dash.js ${player.getVersion()}`,
    dash: player,
    latency: () => { const seconds = player.getCurrentLiveLatency(); return Number.isFinite(seconds) ? seconds : null; },
    target: () => player.getTargetLiveDelay?.() ?? null,
    codecs: () => ['video', 'audio'].map((type) => player.getCurrentTrackFor(type)?.codec ?? '').filter(Boolean).join(', '),
    goLive: () => player.seekToOriginalLive?.() ?? player.seek(player.duration()),
    tracks: () => tracks().map(named),
    track: () => tracks().findIndex((track) => track.index === player.getCurrentTrackFor('audio')?.index),
    choose: (i) => player.setCurrentTrack(tracks()[i]),
    destroy: () => player.destroy(),
  };
}
