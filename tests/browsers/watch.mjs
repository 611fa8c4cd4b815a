#!/usr/bin/env node
// Watches a stream of counted_source.mjs in a real browser and says how it went, as one JSON object: how long a picture takes
// from the encoder's door to the glass (p50 and p95 of the run's second half), stalls, dropped pictures, the time to the first
// picture, and what the player complained of.
//
//   watch.mjs --modules build/browsers/node_modules --browser chromium --player hls --base http://127.0.0.1:8080 \
//             --name live/main --t0 1795710600000 --fps 30 --seconds 20

import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { BROWSERS, addressOf } from './open.mjs';

const beside = (name) => new URL(name, import.meta.url);

const { values } = parseArgs({
  options: {
    modules: { type: 'string' }, browser: { type: 'string', default: 'chromium' }, player: { type: 'string', default: 'hls' },
    base: { type: 'string' }, name: { type: 'string', default: 'live/main' }, t0: { type: 'string' }, fps: { type: 'string', default: '30' },
    seconds: { type: 'string', default: '20' }, shot: { type: 'string' }, raw: { type: 'string' },
  },
});
const require = createRequire(path.resolve(values.modules, 'none.js'));
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

const at = (sorted, share) => (sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
const round = (value) => (value === null || value === undefined ? null : Math.round(value * 10) / 10);

function judgeSeen(seen, t0, fps) {
  const half = seen.pictures.slice(Math.floor(seen.pictures.length / 2));
  const glass = half.map(([number, shownAt]) => shownAt - (t0 + (number * 1000) / fps)).sort((a, b) => a - b);
  const dates = seen.dates.slice(Math.floor(seen.dates.length / 2)).sort((a, b) => a - b);
  let backSteps = 0;
  seen.pictures.forEach(([number], i) => { if (i > 0 && number < seen.pictures[i - 1][0]) ++backSteps; });
  return {
    pictures: seen.pictures.length, unreadable: seen.unreadable, back_steps: backSteps, first_picture_ms: round(seen.firstPictureMs),
    glass_p50_ms: round(at(glass, 0.5)), glass_p95_ms: round(at(glass, 0.95)), playing_date_p50_ms: round(at(dates, 0.5)),
    stalls: seen.stalls.length, dropped: seen.dropped, rate: seen.rate, errors: seen.errors,
  };
}

const browser = await BROWSERS[values.browser](require);
try {
  const page = await browser.open(await addressOf(require, values.player, values), await readFile(beside('watch.js'), 'utf8'));
  await sleep(Number(values.seconds) * 1000);
  const seen = await page.evaluate(() => {
    const video = document.querySelector('video');
    return { ...globalThis.watched, dropped: video?.getVideoPlaybackQuality().droppedVideoFrames ?? null, rate: video?.playbackRate ?? null, said: document.querySelector('#said')?.textContent ?? '' };
  });
  if (values.raw) await writeFile(values.raw, JSON.stringify(seen));
  if (values.shot) await page.screenshot({ path: values.shot });
  console.log(JSON.stringify({ browser: `${values.browser} ${browser.version}`, player: values.player, said: seen.said, ...judgeSeen(seen, Number(values.t0), Number(values.fps)) }));
} finally {
  await browser.close();
}
