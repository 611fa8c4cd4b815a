#!/usr/bin/env node
// The page as somebody meets it who has never seen it, in Chromium: at a phone's and a desk's width, in both schemes, with the keyboard
// alone, and whatever its streams are doing. The packager's answers are made up here. One JSON object a case: { name, failed }.
//
//   page.mjs --modules build/browsers/node_modules --page build/hls-packager/page/dist --clip CLIP.mp4 [--only PATTERN]

import { readFile, stat } from 'node:fs/promises';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { BROWSERS } from './open.mjs';

const { values } = parseArgs({ options: { modules: { type: 'string' }, page: { type: 'string' }, clip: { type: 'string' }, only: { type: 'string', default: '' }, quick: { type: 'boolean' } } });
const require = createRequire(path.resolve(values.modules, 'none.js'));
const PATIENCE_MS = 20_000;
// Half a minute each, or nearly: not in the short run.
const LENGTHY = new Set(['behind/desk-light', 'behind/too-long', 'behind/slow', 'states/pictures-come', 'states/dash-goes-on']);
const PAUSED_MS = 13_000;  // Longer than it takes the page to find a player stuck.
const WIDTHS = { phone: [360, 740], desk: [1280, 800] };
const LONG = 'studio/camera-2-with-a-name-that-does-not-end-before-the-screen-does';
const known = { video: { width: 1280, height: 720, fps: 29.97 }, codecs: ['avc1.4d401e', 'mp4a.40.2'] };
const STREAMS = [{ name: LONG, state: 'away', ...known }, { name: 'concert', state: 'filling', why: 'no keyframe has come' }, { name: 'later', state: 'calling' },
  { name: 'over', state: 'ended', ...known }, { name: 'played', state: 'calling', hls: '/live/played/index.m3u8', ...known },
  { name: 'window', state: 'calling', hls: '/live/window/live.m3u8', video: known.video, codecs: ['avc1.4d401e'] },
  { name: 'pictures', state: 'live', codecs: ['hvc1.1.6.L93.90', 'mp4a.40.2'] }, { name: 'sound', state: 'live', codecs: ['avc1.4d401e', 'ac-3'] },
  { name: 'on', state: 'live', ...known, codecs: [...known.codecs, 'ac-3'] }];
// What is said, and how a stream is marked.
const SAID = { [LONG]: [/went away/, 'Interrupted'], concert: [/no keyframe has come/, 'Starting'], later: [/not on air yet/, 'Not on air'],
  over: [/has ended/, 'Ended'], played: [/not on air yet/, 'Not on air'], on: [/Starting|Still trying/, 'On air'], unknown: [/no stream called “unknown”/, ''],
  pictures: [/cannot play H\.265,/, 'On air'], sound: [/cannot play AC-3,/, 'On air'], '%zz': [/no stream called “%zz”/, ''] };

const origin = { isDown: false, isSilent: false, clockMs: 0, beganMs: 0, windowS: 0, isHeld: false };
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.txt': 'text/plain', '.mp4': 'video/mp4',
  '.m3u8': 'application/vnd.apple.mpegurl', '.ts': 'video/mp2t', '.m4s': 'video/iso.segment' };

function fileOf(pathname) {
  if (pathname === '/') return path.join(values.page, 'index.html');
  if (pathname.startsWith('/play/')) return path.join(values.page, 'play.html');
  if (/^\/live\/(played|window)\//.test(pathname)) return path.join(path.dirname(values.clip), path.basename(pathname));
  return pathname === '/clip.mp4' ? values.clip : path.join(values.page, path.normalize(pathname));
}

// Segments of a second, the last of those in the window ends now.
function windowText() {
  const end = origin.windowS + Math.floor((Date.now() - origin.beganMs) / 1000);
  const lines = ['#EXTM3U', '#EXT-X-VERSION:6', '#EXT-X-TARGETDURATION:1', `#EXT-X-MEDIA-SEQUENCE:${end - origin.windowS}`, '#EXT-X-MAP:URI="window.mp4"'];
  for (let i = end - origin.windowS; i < end; ++i) {
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(origin.beganMs + 1000 * (i - origin.windowS)).toISOString()}`, '#EXTINF:1,', `window-${i}.m4s`);
  }
  return `${lines.join('\n')}\n`;
}

async function answer({ url }, response) {
  const { pathname } = new URL(url, 'http://here');
  if (pathname === '/api/streams.json') {
    if (origin.isDown) response.destroy();
    else if (!origin.isSilent) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(STREAMS));
  } else if (pathname === '/time') {
    if (origin.clockMs === null) response.writeHead(503).end();
    else response.end(new Date(Date.now() + origin.clockMs).toISOString());
  } else if (pathname === '/live/window/live.m3u8') {
    if (origin.isHeld) response.destroy();
    else response.writeHead(200, { 'content-type': TYPES['.m3u8'] }).end(windowText());
  } else {
    const file = fileOf(pathname);
    const body = await readFile(file).catch(() => null);
    response.writeHead(body ? 200 : 404, { 'content-type': TYPES[path.extname(file)] ?? 'text/plain' }).end(body ?? '');
  }
}

function claim(holds, otherwise) { if (!holds) throw new Error(otherwise); }

// In the page: texts with too little contrast, what is too small to hit, what is too wide.
function faultsOf() {
  const parts = (text) => { const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number); return { rgb: [r, g, b], a }; };
  const over = (top, under) => top.rgb.map((value, i) => value * top.a + under[i] * (1 - top.a));
  const ground = (node) => (node ? over(parts(getComputedStyle(node).backgroundColor), ground(node.parentElement)) : [255, 255, 255]);
  const light = (rgb) => rgb.map((value) => value / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const isSeen = (node) => node.getClientRects().length > 0;
  const faults = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some((one) => one.nodeType === Node.TEXT_NODE && one.data.trim());
    if (!own || !isSeen(node)) continue;
    const contrast = ratio(light(over(parts(getComputedStyle(node).color), ground(node))), light(ground(node)));
    if (contrast < 4.5) faults.push(`contrast ${contrast.toFixed(1)}: ${node.textContent.trim()}`);
  }
  for (const node of document.querySelectorAll('button, select, summary, main a')) {
    if (isSeen(node) && node.getBoundingClientRect().height < 24) faults.push(`small: ${node.textContent}`);
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) faults.push(`wider than the screen: ${document.documentElement.scrollWidth}`);
  return faults;
}


// --- cases: each gets `at`, which opens pages of an address.

const playing = (name) => `/play/${name}`;
const patience = { timeout: PATIENCE_MS };
const heard = (page, pattern) => page.waitForFunction((text) => new RegExp(text).test(document.querySelector('#said')?.textContent ?? ''), pattern.source, patience);
const marked = (page, state) => page.waitForFunction((text) => document.querySelector('#state')?.textContent === text, state, patience);
const listed = (page) => page.waitForFunction((count) => document.querySelectorAll('.stream').length === count, STREAMS.length, patience);

async function looks(at, [width, height], colorScheme) {
  for (const name of [null, LONG, 'on', 'unknown']) {
    const page = await at(name ? playing(name) : '/', { context: { viewport: { width, height }, colorScheme } });
    await (name ? heard(page, SAID[name][0]) : listed(page));
    const faults = await page.evaluate(faultsOf);
    claim(faults.length === 0, `${name ?? 'the list'}: ${faults.join('; ')}`);
    await page.close();
  }
}

async function says(at, name) {
  const page = await at(playing(name));
  const [said, state] = SAID[name];
  await heard(page, said);
  const seen = await page.evaluate(() => {
    const mark = document.querySelector('#state');
    return { state: mark.textContent, isShown: mark.getClientRects().length > 0, title: document.title, isDisabled: document.querySelector('#live').disabled };
  });
  claim(seen.state === state && seen.isShown === (state !== ''), `marked ${JSON.stringify(seen)}`);
  claim(seen.title === `${name} · fanlight`, seen.title);
  if (name === 'on') await heard(page, /Still trying/);
  else claim(seen.isDisabled, 'a button acts on a player that is not there');
  await page.close();
}

// `how`: the connection ends, or stays and nothing comes, as of a host that has lost its power.
async function noAnswer(at, how) {
  const [list, play] = [await at('/'), await at(playing('later'))];
  await heard(play, SAID.later[0]);
  origin[how] = true;
  for (const page of [list, play]) await heard(page, /does not answer/);
  const state = await play.evaluate(() => document.querySelector('#state').textContent);
  origin[how] = false;
  claim(state === '', 'the mark says what nobody knows');
  await heard(list, /^$/);
  await heard(play, SAID.later[0]);
}

async function press(page, key) {
  await page.keyboard.press(key);
  return page.evaluate(() => {
    const one = document.activeElement;
    return { is: one.getAttribute('href') ?? one.id, left: one.getBoundingClientRect().left, isSeen: getComputedStyle(one).outlineStyle !== 'none' };
  });
}

async function keyboard(at) {
  const page = await at('/');
  await listed(page);
  const skip = await press(page, 'Tab');
  claim(skip.is === '#streams' && skip.left >= 0 && skip.isSeen, `first ${JSON.stringify(skip)}`);
  await page.keyboard.press('Enter');
  for (const { name } of STREAMS) {
    const seen = await press(page, 'Tab');
    claim(seen.is === playing(name) && seen.isSeen, `at ${name}: ${JSON.stringify(seen)}`);
  }
  await page.keyboard.press('Enter');
  await page.waitForURL(`**${playing(STREAMS.at(-1).name)}`, patience);
  await page.waitForFunction(() => globalThis.fanlight !== undefined, null, patience);
  const reached = [];
  while (!/licences/.test(reached.at(-1)) && reached.length < 20) reached.push((await press(page, 'Tab')).is);
  for (const wanted of ['#video', '/', 'video', '?player=dash']) claim(reached.includes(wanted), `${wanted} is not among ${reached}`);
  claim(/licences/.test(reached.at(-1)), `the end is not among ${reached}`);
  await page.keyboard.press('m');
  claim(!await page.evaluate(() => document.querySelector('video').muted), 'm does not turn sound on');
}

// What a test asks of a page counts as somebody's gesture, so that all happens in the page, and is told by its console.
const PAUSES_TWICE = `(() => {
  const wait = setInterval(() => {
    if (!globalThis.fanlight) return;
    clearInterval(wait);
    const video = document.querySelector('video');
    let starts = 0;
    video.addEventListener('playing', () => {
      if (++starts === 1) video.muted = false;
      if (starts <= 2) video.pause();
      else console.log(video.muted ? 'goes on without sound' : 'goes on aloud');
    });
    Object.assign(video, { src: '/clip.mp4', loop: true });
    video.play();
  }, 20);
})()`;

async function pauses(at) {
  const page = await at(playing('later'), { script: PAUSES_TWICE });
  const said = await page.waitForEvent('console', { predicate: (one) => /goes on/.test(one.text()), ...patience });
  claim(said.text() === 'goes on without sound', said.text());
  await page.keyboard.press('k');
  await page.waitForFunction(() => document.querySelector('video').paused, null, patience);
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  claim(await page.evaluate(() => document.querySelector('video').paused), 'the viewer’s pause is undone');
}

// To a player it has ended when there is nothing more; whether it has, the packager says.
async function playedToItsEnd(at) {
  const stream = STREAMS.find((one) => one.name === 'played');
  const was = stream.state;
  stream.state = 'live';
  const page = await at(playing('played'));
  await page.waitForFunction(() => document.querySelector('video').currentTime > 0, null, patience);
  await marked(page, 'Live');
  stream.state = 'away';
  await page.waitForFunction(() => document.querySelector('video').ended, null, patience);
  await heard(page, SAID[LONG][0]);
  stream.state = 'ended';
  await heard(page, SAID.over[0]);
  origin.isDown = true;
  await heard(page, /does not answer/);
  origin.isDown = false;
  stream.state = was;
  await page.close();
}

// A viewer pauses on a picture. A player that pauses because it has run out has none, and may never go on by itself.
async function pausedWithoutAPicture(at) {
  const stream = STREAMS.find((one) => one.name === 'played');
  const was = stream.state;
  stream.state = 'live';
  const page = await at(playing('played'));
  await page.waitForFunction(() => document.querySelector('video').currentTime > 0, null, patience);
  await page.evaluate(() => document.querySelector('video').pause());
  let isBegunAnew = false;
  page.on('console', (one) => { isBegunAnew ||= /stuck/.test(one.text()); });
  await new Promise((resolve) => { setTimeout(resolve, PAUSED_MS); });
  claim(!isBegunAnew, 'a viewer’s pause is taken for a player that is stuck');
  await page.evaluate(() => Object.defineProperty(document.querySelector('video'), 'readyState', { get: () => HTMLMediaElement.HAVE_METADATA }));
  await page.waitForEvent('console', { predicate: (one) => /stuck/.test(one.text()), ...patience });
  stream.state = was;
  await page.close();
}

// In the page.
const standing = () => {
  const { player, meter, video } = globalThis.fanlight;
  const [button, mark] = ['live', 'state'].map((id) => document.getElementById(id));
  return { latency: player?.latency() ?? null, time: video.currentTime, rate: video.playbackRate, mark: mark.textContent, isOffered: button.getClientRects().length > 0,
    isDescribed: button.getAttribute('aria-describedby') === 'state', chart: Number.parseFloat(meter.latency.output.textContent), stalls: meter.stalls,
    isPaused: video.paused, focus: document.activeElement.id };
};
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const isAt = (page, pattern) => page.waitForFunction((text) => new RegExp(text).test(document.querySelector('#state').textContent), pattern.source, patience);

// A viewer of a window of so many seconds pauses for so many, by the keyboard, and plays on; `then` is led to what they have before them.
async function pausedFor(at, { windowS, pauseS, context = {} }, then) {
  Object.assign(origin, { windowS, beganMs: Date.now() });
  const stream = STREAMS.find((one) => one.name === 'window');
  stream.state = 'live';
  const page = await at(playing('window'), { context });
  try {
    await marked(page, 'Live');
    await sleep(3_000);
    const before = await page.evaluate(standing);
    await page.keyboard.press('k');
    await sleep(1_000 * pauseS);
    const during = await page.evaluate(standing);
    await page.keyboard.press('k');
    await sleep(4_500);
    await then(page, before, during, await page.evaluate(standing));
  } finally {
    stream.state = 'calling';
    await page.close();
  }
}

// What is behind in the window is played on, at its own rate, and live is a key away.
async function staysBehind(at, context, way) {
  await pausedFor(at, { windowS: 25, pauseS: 12, context }, async (page, before, during, after) => {
    const told = JSON.stringify({ before, during, after });
    claim(during.isPaused && /^0:1\d behind$/.test(during.mark), `paused it is not told how far behind: ${told}`);
    claim(after.time - before.time > 2 && after.time - before.time < 7, `it does not play on where it was: ${told}`);
    claim(after.rate === 1 && after.stalls === before.stalls, `it catches up, or stalls: ${told}`);
    const seconds = Number(after.mark.match(/^0:(\d\d) behind$/)?.[1]);
    claim(Math.abs(seconds - after.latency) < 1.2 && Math.abs(after.chart - after.latency) < 1.2 && after.latency > before.latency + 11, `it does not tell how far behind: ${told}`);
    claim(after.isOffered && after.isDescribed, `no way to live: ${told}`);
    const faults = await page.evaluate(faultsOf);
    claim(faults.length === 0, faults.join('; '));
    const focus = await way(page);
    await marked(page, 'Live');
    const again = await page.evaluate(standing);
    claim(again.latency < before.latency + 2 && !before.isOffered && !again.isOffered && again.focus === focus, `it is not at live: ${JSON.stringify(again)}`);
  });
}

// Give where the focus is to be.
const byKey = async (page) => {
  await page.keyboard.press('l');
  return '';
};
const byButton = async (page) => {
  for (let i = 0; i < 20 && await page.evaluate(() => document.activeElement.id) !== 'live'; ++i) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  return 'video';
};

// It was still for as long as it was paused: that is no player that is stuck.
async function pausedAndSlow(at) {
  const waits = `document.addEventListener('play', () => { if (++globalThis.plays > 1) globalThis.isSlow = true; }, { capture: true });
    globalThis.plays = 0;
    document.addEventListener('timeupdate', (event) => { if (globalThis.isSlow) event.stopPropagation(); }, { capture: true });`;
  let isBegunAnew = false;
  const watched = async (address, options) => {
    const page = await at(address, { ...options, script: waits });
    page.on('console', (one) => { isBegunAnew ||= /stuck/.test(one.text()); });
    return page;
  };
  await pausedFor(watched, { windowS: 25, pauseS: 10 }, async () => { claim(!isBegunAnew, 'it is begun anew'); });
}

// What the window has no more is not waited for.
async function pausedForTooLong(at) {
  await pausedFor(at, { windowS: 8, pauseS: 14 }, async (page, before, during, after) => {
    await isAt(page, /^Live$/);
    const told = JSON.stringify({ before, during, after });
    claim(after.latency < before.latency + 2 && !after.isPaused && !after.isOffered, `it is not at live: ${told}`);
  });
}

// The first question fails.
async function clockLater(at) {
  origin.clockMs = null;
  const page = await at(playing('later'));
  await heard(page, SAID.later[0]);
  origin.clockMs = 20_000;
  await page.waitForFunction(() => /(19|20)\d{3} ms ahead/.test(document.querySelector('#facts').textContent), null, patience);
  origin.clockMs = 0;
  await page.close();
}

// The first picture that a browser says it has, it does not draw.
const DRAWS_LATE = `(() => {
  const { drawImage } = CanvasRenderingContext2D.prototype;
  let draws = 0;
  CanvasRenderingContext2D.prototype.drawImage = function (...all) { if (draws++ > 0) drawImage.apply(this, all); };
})()`;

// In the page: whether a poster shows more than one colour, and nothing of what is under it.
function hasPoster(href) {
  const canvas = document.querySelector(`a[href="${href}"] canvas`);
  if (!canvas) return false;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Uint32Array(data.buffer);
  return seen.some((one) => one !== seen[0]) && data.every((value, i) => i % 4 !== 3 || value === 255);
}

async function poster(at, script) {
  const stream = STREAMS.find((one) => one.name === 'played');
  const was = stream.state;
  stream.state = 'live';
  const page = await at('/', { script });
  await page.waitForFunction(hasPoster, playing('played'), patience).finally(() => { stream.state = was; });
  await page.close();
}

// There is no MPD to be had. The page does not try for ever.
async function dashInVain(at) {
  const stream = STREAMS.find((one) => one.name === 'played');
  const was = stream.state;
  stream.state = 'live';
  const page = await at(`${playing('played')}?player=dash`);
  await page.waitForFunction(() => document.querySelector('video').currentTime > 0 && /^hls/.test(globalThis.fanlight.player?.name), null, patience);
  claim(await page.evaluate(() => document.querySelector('nav [aria-current]').id) === 'with-hls', 'it says that it plays LL-DASH');
  stream.state = was;
  await page.close();
}

const until = (page, holds, argument) => page.waitForFunction(holds, argument, patience);
// A viewer of a window of so many seconds that is at live.
async function atLive(at, windowS, then) {
  Object.assign(origin, { windowS, beganMs: Date.now() });
  const stream = STREAMS.find((one) => one.name === 'window');
  stream.state = 'live';
  try {
    const page = await at(playing('window'));
    await marked(page, 'Live');
    await then(page);
    await page.close();
  } finally {
    Object.assign(origin, { isHeld: false });
    stream.state = 'calling';
  }
}

// Each of those that the page names does what it says, and none does with Control, which belongs to the browser.
async function keys(at) {
  await atLive(at, 25, async (page) => {
    const named = await page.evaluate(() => [...document.querySelectorAll('.keys kbd')].map((one) => one.textContent).join(''));
    claim(named === 'kmfl', `keys that are not tried: ${named}`);
    const does = (key, holds) => page.keyboard.press(key).then(() => until(page, holds)).catch((error) => { throw new Error(`${key}: ${error.message}`); });
    await page.keyboard.press('Control+m');
    claim(await page.evaluate(() => document.querySelector('video').muted), 'Control+m turns sound on');
    await does('k', () => document.querySelector('video').paused);
    await does('k', () => !document.querySelector('video').paused);
    await does('m', () => !document.querySelector('video').muted);
    await does('m', () => document.querySelector('video').muted);
    await does('f', () => document.fullscreenElement?.id === 'video');
    await does('f', () => document.fullscreenElement === null);
    const before = await page.evaluate(() => globalThis.fanlight.player.latency());
    await page.evaluate(() => { document.querySelector('video').currentTime -= 10; });
    await until(page, (seconds) => globalThis.fanlight.player.latency() > seconds, before + 8);
    await page.keyboard.press('l');
    await until(page, (seconds) => globalThis.fanlight.player.latency() < seconds, before + 2);
  });
}

// In the page: what stands beside a chart, and how many values its line has.
const charted = () => {
  const { meter, player, video } = globalThis.fanlight;
  const of = ({ output, line, svg }) => ({ text: output.textContent, points: line.getAttribute('d').match(/[ML]/g)?.length ?? 0, label: svg.getAttribute('aria-label') });
  return { latency: of(meter.latency), rate: of(meter.rate), drops: of(meter.drops), stalling: of(meter.stalling), isAt: player?.latency() ?? null,
    quality: { dropped: video.getVideoPlaybackQuality().droppedVideoFrames, total: video.getVideoPlaybackQuality().totalVideoFrames } };
};

async function charts(at) {
  const sizes = await Promise.all(Array.from({ length: 70 }, (_, i) => stat(path.join(path.dirname(values.clip), `window-${i}.m4s`))));
  const megabits = (8e-6 * sizes.reduce((sum, { size }) => sum + size, 0)) / sizes.length;
  await atLive(at, 12, async (page) => {
    await sleep(8_000);
    const seen = await page.evaluate(charted);
    const told = JSON.stringify({ ...seen, megabits });
    for (const one of ['latency', 'rate', 'drops', 'stalling']) claim(seen[one].points >= 5 && / between /.test(seen[one].label), `${one} is not drawn: ${told}`);
    const number = (text, unit) => Number(text.match(new RegExp(`^(\\d+(?:\\.\\d\\d)?)${unit}$`))?.[1] ?? NaN);
    claim(Math.abs(number(seen.latency.text, ' s') - seen.isAt) < 1.2 && seen.isAt > 0 && seen.isAt < 12, `latency: ${told}`);
    const rate = number(seen.rate.text, ' Mb/s');
    claim(rate > 0.5 * megabits && rate < 2 * megabits, `bit rate: ${told}`);
    claim(number(seen.drops.text, '') <= seen.quality.dropped && seen.quality.total > 20, `dropped pictures: ${told}`);
    const stalls = number(seen.stalling.text, '');
    claim(stalls >= 0, `stalls: ${told}`);
    origin.isHeld = true;
    await until(page, (count) => Number(document.querySelectorAll('#charts output')[3].textContent) > count, stalls);
    await until(page, () => /^0\.00 Mb/.test(document.querySelectorAll('#charts output')[1].textContent));
  });
}

const SAYS_MAYBE = `{
  const { canPlayType } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.canPlayType = function (type) { return /mpegurl/.test(type) ? 'maybe' : canPlayType.call(this, type); };
}`;
const HAS_NO_SOURCE = 'for (const name of ["MediaSource", "ManagedMediaSource", "WebKitMediaSource"]) delete globalThis[name];';
const SAYS_NO = SAYS_MAYBE.replace("'maybe'", "''");

// The browser's own player is given a clip for a playlist, whether or not this Chromium plays HLS.
async function chooses(at, { script, words = '', hls = '/live/played/index.m3u8' }, named) {
  const stream = STREAMS.find((one) => one.name === 'played');
  const was = { ...stream };
  Object.assign(stream, { state: 'live', hls });
  try {
    const page = await at(`${playing('played')}${words}`, { script });
    await until(page, () => document.querySelector('video').currentTime > 0);
    const seen = await page.evaluate(() => ({ player: globalThis.fanlight.player?.name, src: document.querySelector('video').src }));
    claim(named.test(seen.player) && /^blob:/.test(seen.src) === named.test('hls.js 1'), `${JSON.stringify(seen)} plays`);
    await page.close();
  } finally {
    Object.assign(stream, was);
  }
}

async function choosesNone(at) {
  const stream = STREAMS.find((one) => one.name === 'played');
  stream.state = 'live';
  try {
    const page = await at(playing('played'), { script: SAYS_NO + HAS_NO_SOURCE });
    await heard(page, /can play neither kind/);
    await page.close();
  } finally {
    stream.state = 'calling';
  }
}
const OWN = /own player/;
const CHOICES = { 'player/both': [{ script: SAYS_MAYBE }, /^hls\.js/], 'player/native-alone': [{ script: SAYS_MAYBE + HAS_NO_SOURCE, hls: '/clip.mp4' }, OWN],
  'player/native-wanted': [{ script: SAYS_MAYBE, words: '?player=native', hls: '/clip.mp4' }, OWN] };

const warned = (page, pattern, count) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error(`not said so often: ${pattern}`)), 2 * PATIENCE_MS);
  let seen = 0;
  page.on('console', (one) => {
    if (!pattern.test(one.text()) || ++seen < count) return;
    clearTimeout(timer);
    resolve();
  });
});

// Of pictures whose sound it cannot play it has no other player: there may be an MPD later.
async function dashGoesOn(at) {
  const page = await at(`${playing('sound')}?player=dash`);
  await warned(page, /^fanlight: /, 5);
  await page.close();
}

// Whoever plays sound alone is shown pictures that come: once, and not who has them, nor before who paused goes on.
async function picturesCome(at) {
  Object.assign(origin, { windowS: 25, beganMs: Date.now() });
  const stream = STREAMS.find((one) => one.name === 'window');
  Object.assign(stream, { state: 'live', video: undefined });
  const page = await at(playing('window'));
  let anew = 0;
  page.on('console', (one) => { anew += /there are pictures now/.test(one.text()) ? 1 : 0; });
  try {
    await marked(page, 'Live');
    await sleep(12_000);
    claim(anew === 0, 'it is made anew without pictures');
    await page.keyboard.press('k');
    stream.video = known.video;
    await sleep(10_000);
    claim(anew === 0 && await page.evaluate(() => document.querySelector('video').paused), 'who has paused it is played to');
    await page.keyboard.press('l');
    await sleep(6_000);
    await marked(page, 'Live');
    await sleep(12_000);
    claim(anew === 1, `made anew ${anew} times`);
  } finally {
    Object.assign(stream, { state: 'calling', video: known.video });
    await page.close();
  }
}

const CASES = { 'states/no-answer': (at) => noAnswer(at, 'isDown'), 'states/silence': (at) => noAnswer(at, 'isSilent'), 'states/played-to-its-end': playedToItsEnd, 'states/dash-in-vain': dashInVain, 'states/dash-goes-on': dashGoesOn, 'states/pictures-come': picturesCome, 'states/clock-later': clockLater, 'poster/at-once': (at) => poster(at, ''), 'poster/late': (at) => poster(at, DRAWS_LATE), keyboard, pauses, 'pauses-without-a-picture': pausedWithoutAPicture, 'behind/phone-dark': (at) => staysBehind(at, { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }, byButton), 'behind/desk-light': (at) => staysBehind(at, { colorScheme: 'light' }, byKey), 'behind/too-long': pausedForTooLong, 'behind/slow': pausedAndSlow, keys, charts, 'player/none': choosesNone };
for (const [name, choice] of Object.entries(CHOICES)) CASES[name] = (at) => chooses(at, ...choice);
for (const [width, size] of Object.entries(WIDTHS)) for (const scheme of ['light', 'dark']) CASES[`looks/${width}-${scheme}`] = (at) => looks(at, size, scheme);
for (const name of Object.keys(SAID)) CASES[`states/${name === LONG ? 'away' : name}`] = (at) => says(at, name);

const server = http.createServer(answer);
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const base = `http://127.0.0.1:${server.address().port}`;
const browser = await BROWSERS.chromium(require);
const asked = { own: 0, foreign: [] };  // By the pages of a case.
function listen(window) {
  window.on('request', (request) => {
    const { origin: from, href } = new URL(request.url());
    if (from === base) ++asked.own;
    else if (!/^(blob|data):/.test(href)) asked.foreign.push(href);
  });
  // What its policy forbids is not asked for, and is no less wanted.
  window.on('console', (one) => { if (/Content Security Policy/.test(one.text())) asked.foreign.push(one.text()); });
}
const at = (address, { script = '', context = {} } = {}) => browser.open(base + address, script, context, listen);
for (const [name, run] of Object.entries(CASES)) {
  if (!new RegExp(values.only).test(`page/${name}`) || (values.quick && LENGTHY.has(name))) continue;
  Object.assign(asked, { own: 0, foreign: [] });
  const failed = await run(at).then(() => {
    claim(asked.own > 0 && asked.foreign.length === 0, `asked of others: ${asked.foreign.join('; ')}, and of its own origin ${asked.own} times`);
    return null;
  }).catch((error) => error.message);
  console.log(JSON.stringify({ name, failed }));
}
await browser.close();
process.exit(0);
