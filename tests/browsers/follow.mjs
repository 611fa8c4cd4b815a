#!/usr/bin/env node
// Players in a real browser, each on a page of its own, for as long as this runs: every quarter of a second a line of JSON for each
// of them says how it stands. `made` is how many players the page needed so far, `run` what stands above the lowest 12 bits of the
// number of the picture that was shown last.
//
//   follow.mjs --modules build/browsers/node_modules --browser chromium --players hls,dash,shaka --base http://127.0.0.1:8080 \
//              --name live/main
//   follow.mjs … --switch 4        every 4 s players are told to load the next of the levels that there are, as on a line that changes

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { BROWSERS, addressOf } from './open.mjs';

const STEP_MS = 250;
const { values } = parseArgs({
  options: {
    modules: { type: 'string' }, browser: { type: 'string', default: 'chromium' }, players: { type: 'string', default: 'hls' },
    base: { type: 'string' }, name: { type: 'string', default: 'live/main' }, switch: { type: 'string', default: '0' },
  },
});
const require = createRequire(path.resolve(values.modules, 'none.js'));
const script = await readFile(new URL('watch.js', import.meta.url), 'utf8');

// In the page.
function standing() {
  const video = document.querySelector('video');
  const { pictures, unreadable, errors, made } = globalThis.watched;
  return {
    pictures: pictures.length, backwards: pictures.filter(([number], i) => i > 0 && number < pictures[i - 1][0]).length, unreadable, run: pictures.length > 0 ? pictures.at(-1)[0] >> 12 : null, made,
    errors: errors.slice(-6), fatal: errors.filter((one) => one.startsWith('fatal')).length,
    time: video?.currentTime ?? 0, state: video?.readyState ?? 0, ended: video?.ended ?? false, paused: video?.paused ?? true,
    size: video ? `${video.videoWidth}x${video.videoHeight}` : '', said: document.querySelector('#said')?.textContent ?? '',
    protocols: [...new Set(performance.getEntries().map((one) => one.nextHopProtocol).filter(Boolean))],
    tracks: [...document.querySelectorAll('#tracks option')].map((one) => one.textContent),
  };
}

// In the page: what is loaded from now on is of the next level.
function switchLevel() {
  const { hls, dash } = globalThis.fanlight?.player ?? {};
  if (hls?.levels.length > 1) hls.loadLevel = (hls.loadLevel + 1) % hls.levels.length;
  const all = dash?.getRepresentationsByType('video') ?? [];
  if (all.length < 2) return;
  dash.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: false } } } });
  const now = all.findIndex((one) => one.id === dash.getCurrentRepresentationForType('video')?.id);
  dash.setRepresentationForTypeByIndex('video', (now + 1) % all.length);
}

const browser = await BROWSERS[values.browser](require);
const end = async () => {
  await browser.close().catch(() => {});
  process.exit(0);
};
process.on('SIGTERM', end);
process.on('SIGINT', end);
const pages = new Map();
for (const player of values.players.split(',')) pages.set(player, await browser.open(await addressOf(require, player, values), script));
const switchMs = Number(values.switch) * 1000;
let switchAt = switchMs > 0 ? Date.now() + switchMs : Infinity;
for (;;) {
  if (Date.now() >= switchAt) {
    switchAt += switchMs;
    for (const page of pages.values()) await page.evaluate(switchLevel).catch(() => {});
  }
  for (const [player, page] of pages) {
    const seen = await page.evaluate(standing).catch((error) => ({ gone: error.message }));
    console.log(JSON.stringify({ player, at: Date.now() / 1000, ...seen }));
  }
  await new Promise((resolve) => { setTimeout(resolve, STEP_MS); });
}
