#!/usr/bin/env node
// A viewer pauses for a while by the page's key, plays on, and goes to live. One line of JSON tells how it went.
//
//   pause.mjs --modules build/browsers/node_modules --player hls --base http://127.0.0.1:8080 --name live/main --seconds 12

import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { BROWSERS, addressOf, tell } from './open.mjs';

const { values } = parseArgs({
  options: { modules: { type: 'string' }, player: { type: 'string', default: 'hls' }, base: { type: 'string' }, name: { type: 'string', default: 'live/main' }, seconds: { type: 'string' } },
});
const SETTLING_MS = 6_000;
const PATIENCE = { timeout: 60_000, polling: 100 };
const require = createRequire(path.resolve(values.modules, 'none.js'));
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// In the page.
const standing = () => {
  const { player, meter, video } = globalThis.fanlight;
  return { player: player?.name ?? '', latency: player?.latency() ?? null, chart: Number.parseFloat(meter.latency.output.textContent), mark: document.querySelector('#state').textContent,
    time: video.currentTime, rate: video.playbackRate, stalls: meter.stalls, isOffered: !document.querySelector('#live').hidden };
};
const plays = (from) => document.querySelector('#state').textContent === 'Live' && document.querySelector('video').currentTime > from;

const browser = await BROWSERS.chromium(require);
const page = await browser.open(await addressOf(require, values.player, values), '');
const told = { warnings: [] };
page.on('console', (one) => { if (/^fanlight/.test(one.text())) told.warnings.push(one.text()); });
await tell(browser, told, async () => {
  await page.waitForFunction(plays, 1, PATIENCE);
  await sleep(SETTLING_MS);
  told.live = await page.evaluate(standing);
  await page.keyboard.press('k');
  await sleep(1_000 * values.seconds);
  told.paused = await page.evaluate(standing);
  await page.keyboard.press('k');
  await sleep(SETTLING_MS);
  told.resumed = await page.evaluate(standing);
  await page.keyboard.press('l');
  // At once: after a seek hls.js may ask for no sound for some seconds.
  await page.waitForFunction(plays, told.resumed.time + values.seconds / 2, PATIENCE);
  told.again = await page.evaluate(standing);
}, () => page.evaluate(standing));
