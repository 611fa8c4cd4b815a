#!/usr/bin/env node
// Watches a stream of counted_source.mjs in a real browser and says how it went, as one JSON object: how long a picture takes
// from the encoder's door to the glass (p50 and p95 of the run's second half), stalls, dropped pictures, the time to the first
// picture, and what the player complained of.
//
//   watch.mjs --modules build/browsers/node_modules --browser chromium --player hls --base http://127.0.0.1:8080 \
//             --name live/main --t0 1795710600000 --fps 30 --seconds 20

import { readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

const CHROMIUM = ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows', '--mute-audio'];
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

// Opens `url` with watch.js in front of it. Both browsers' pages have evaluate(), screenshot() and close() alike.
const OPENERS = {
  async chromium(url, script) {
    const browser = await require('playwright-core').chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM });
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1000, height: 800 } });
    const page = await context.newPage();
    await page.addInitScript(script);
    await page.goto(url, { waitUntil: 'commit' });
    return { page, version: browser.version(), close: () => browser.close() };
  },
  async firefox(url, script) {
    const browser = await require('puppeteer-core').launch({
      browser: 'firefox', executablePath: '/usr/bin/firefox-esr', headless: true, acceptInsecureCerts: true,
      extraPrefsFirefox: { 'media.autoplay.default': 0, 'media.volume_scale': '0.0' },
    });
    const page = await browser.newPage();
    await page.evaluateOnNewDocument(script);
    await page.goto(url, { waitUntil: 'domcontentloaded' });
    return { page, version: await browser.version(), close: () => browser.close() };
  },
};

// Shaka is a stranger that our page does not have: it gets one of its own, from another origin.
async function serveShaka(manifest) {
  const html = `<!doctype html><meta charset="utf-8"><title>shaka</title><script src="/shaka.js"></script><video muted autoplay></video><script>
    (async () => {
      const player = new shaka.Player();
      await player.attach(document.querySelector('video'));
      player.addEventListener('error', (event) => watched.errors.push('shaka ' + event.detail.code));
      player.configure({ streaming: { lowLatencyMode: true } });
      await player.load(${JSON.stringify(manifest)});
      document.querySelector('video').play();
    })().catch((error) => watched.errors.push('fatal shaka ' + (error.code ?? error.message)));
  </script>`;
  const shaka = await readFile(require.resolve('shaka-player/dist/shaka-player.compiled.js'));
  const server = http.createServer((request, response) => {
    const isScript = request.url === '/shaka.js';
    response.writeHead(isScript || request.url === '/' ? 200 : 404, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? shaka : html);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  server.unref();
  return `http://127.0.0.1:${server.address().port}/`;
}

async function addressOf(player) {
  const { base, name } = values;
  if (player === 'shaka') return serveShaka(`${base}/live/${name}/index.m3u8`);
  if (player === 'shaka-dash') return serveShaka(`${base}/live/${name}/manifest.mpd`);
  return `${base}/play/${name}?player=${player}`;
}

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

const opened = await OPENERS[values.browser](await addressOf(values.player), await readFile(beside('watch.js'), 'utf8'));
try {
  await sleep(Number(values.seconds) * 1000);
  const seen = await opened.page.evaluate(() => {
    const video = document.querySelector('video');
    return { ...globalThis.watched, dropped: video?.getVideoPlaybackQuality().droppedVideoFrames ?? null, rate: video?.playbackRate ?? null, said: document.querySelector('#said')?.textContent ?? '' };
  });
  if (values.raw) await writeFile(values.raw, JSON.stringify(seen));
  if (values.shot) await opened.page.screenshot({ path: values.shot });
  console.log(JSON.stringify({ browser: `${values.browser} ${opened.version}`, player: values.player, said: seen.said, ...judgeSeen(seen, Number(values.t0), Number(values.fps)) }));
} finally {
  await opened.close();
}
