#!/usr/bin/env node
// A viewer goes back to what the window holds, watches, and returns to live by the page's key. One line of JSON tells how it went.
//
//   seek.mjs --modules build/browsers/node_modules --player hls --base http://127.0.0.1:8080 --name live/main

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { BROWSERS, addressOf, tell } from './open.mjs';

const { values } = parseArgs({
  options: { modules: { type: 'string' }, player: { type: 'string', default: 'hls' }, base: { type: 'string' }, name: { type: 'string', default: 'live/main' } },
});
const BACK_S = 8;
const PATIENCE = { timeout: 60_000, polling: 100 };
const require = createRequire(path.resolve(values.modules, 'none.js'));
const script = await readFile(new URL('watch.js', import.meta.url), 'utf8');

// In the page.
const standing = () => {
  const video = document.querySelector('video');
  const { pictures, errors } = globalThis.watched;
  const { length } = video.seekable;
  return {
    number: pictures.at(-1)?.[0] ?? 0, pictures: pictures.length, time: video.currentTime, latency: globalThis.fanlight?.player?.latency() ?? null,
    window: length > 0 ? video.seekable.end(length - 1) - video.seekable.start(0) : 0, fatal: errors.filter((one) => one.startsWith('fatal')),
  };
};
// Pictures that come one behind the other for a second, on this side of `number`.
const plays = ({ from, number, isBefore }) => {
  const { pictures } = globalThis.watched;
  const newest = pictures.slice(from).slice(-30).map(([one]) => one);
  return newest.length === 30 && newest.every((one, i) => (isBefore ? one < number : one > number) && (i === 0 || one >= newest[i - 1]));
};

const browser = await BROWSERS.chromium(require);
const page = await browser.open(await addressOf(require, values.player, values), script);
const told = {};
await tell(browser, told, async () => {
  await page.waitForFunction((least) => document.querySelector('video').seekable.length > 0 && globalThis.watched.pictures.length > 60
    && document.querySelector('video').seekable.end(0) - document.querySelector('video').seekable.start(0) > least, BACK_S + 4, PATIENCE);
  told.live = await page.evaluate(standing);
  await page.evaluate((back) => { document.querySelector('video').currentTime -= back; }, BACK_S);
  await page.waitForFunction(plays, { from: told.live.pictures, number: told.live.number - 60, isBefore: true }, PATIENCE);
  told.back = await page.evaluate(standing);
  await page.keyboard.press('l');
  await page.waitForFunction(plays, { from: told.back.pictures, number: told.live.number, isBefore: false }, PATIENCE);
  told.again = await page.evaluate(standing);
}, () => page.evaluate(standing));
