// The page that plays one stream: it waits until there is one, plays it, says in plain words what is the matter when there is
// nothing to see, and tries again for as long as it is open.

import { Behind, behindText } from './behind.mjs';
import { undecoded } from './can_play.mjs';
import { Meter } from './meter.mjs';
import { bindKeys } from './keys.mjs';
import { isSupported, startHls } from './hls_player.mjs';
import { canPlayHls, startNative } from './native_player.mjs';
import { clockOffset, fetchStreams, formatText, nameInPath, stateText, whyNot, whyNotHere } from './streams.mjs';
import { PackagerClock } from './packager_clock.mjs';
import { Undo } from './undo.mjs';

const AGAIN_MS = 2_000;
const STUCK_MS = 5_000;
const HOPELESS_MS = 8_000;
const START_MS = 20_000;
const ANEW_MS = 10_000;
const CLOCK_MS = 30_000;
const DASH_TRIES = 3;
const DASH_LASTS_MS = 30_000;
const $ = (id) => document.getElementById(id);
const video = $('video');
const name = nameInPath(location.pathname);
const wanted = new URLSearchParams(location.search).get('player');

let player = null;
let stream = null;
const clock = new PackagerClock();
let isFailed = false;
let liveSince = null;
let hasMoved = false;
let startedAt = -Infinity;
let hasPictures = false;  // The stream, as the player was made.
let isAttending = false;
let timer = 0;
let isHeldBack = false;  // It starts when the viewer says so.
const behind = new Behind(video, () => player);
let dashTries = 0;  // One after the other that did not last.

function say(text) { if ($('said').textContent !== text) $('said').textContent = text; }

function fail(why) {
  if (isFailed) return;
  if (isDashWanted()) dashTries = performance.now() - startedAt < DASH_LASTS_MS ? dashTries + 1 : 0;
  end(why);
}

function end(why) {
  isFailed = true;
  console.warn(`fanlight: ${why}`);
  player?.destroy();
  player = null;
  behind.forget();
  showActions();
  if (!isAttending) attendIn(startedAt + AGAIN_MS - performance.now());  // One that played for a while is followed by another at once.
}

function showTracks() {
  const names = player?.tracks() ?? [];
  $('tracks-label').hidden = names.length < 2;
  $('tracks').replaceChildren(...names.map((text, i) => new Option(text, i)));
  $('tracks').value = player?.track() ?? -1;
}

// dash.js asks by the clock: of a source that is slower it gets 404 for ever. Playlists say what there is, where all of it
// can be played.
const isDashWanted = () => wanted === 'dash' && stream?.dash !== null && (dashTries < DASH_TRIES || missing().length > 0);
const isLive = () => stream?.state === 'live';
const missing = () => (isLive() ? Object.values(undecoded(stream)).flat() : []);
// Of pictures that it plays dash.js leaves out the sound alone; hls.js leaves out all.
const isPlayable = () => (isDashWanted() ? undecoded(stream).pictures : missing()).length === 0;

async function start() {
  isFailed = false;
  startedAt = performance.now();
  hasPictures = Boolean(stream?.video);
  const tell = { failed: fail, tracksChanged: showTracks, offsetMs: () => clock.offset };
  const hlsUrl = stream?.hls ?? `/live/${name}/index.m3u8`;
  const dashUrl = stream?.dash ?? `/live/${name}/manifest.mpd`;
  if (isDashWanted()) {
    const { startDash } = await import('./dash_player.mjs');
    player = startDash(video, dashUrl, tell);
  } else if (wanted !== 'native' && isSupported()) player = startHls(video, hlsUrl, tell);
  else if (canPlayHls(video)) player = startNative(video, hlsUrl, tell);
  else say('This browser can play neither kind of live stream. A current Chrome, Edge, Firefox or Safari can.');
  showActions();
  showWhich();
  // Not before: dash.js, which is told of a start too early, never asks for news of the MPD.
  video.addEventListener('loadedmetadata', play, { once: true });
}

function showWhich() {
  for (const [id, isIt] of [['with-dash', isDashWanted()], ['with-hls', !isDashWanted()]]) {
    if (isIt) $(id).setAttribute('aria-current', 'page');
    else $(id).removeAttribute('aria-current');
  }
}

// Some browsers start nothing by itself that can be heard.
function play() {
  video.play().catch(() => {
    video.muted = true;
    return video.play();
  }).catch((error) => { isHeldBack = error.name === 'NotAllowedError'; });
}

async function look() {
  try {
    stream = (await fetchStreams()).find((one) => one.name === name) ?? null;
  } catch {
    stream = null;
    say('The packager does not answer. This page keeps trying.');
    showState();
    return false;
  }
  liveSince = isLive() ? liveSince ?? performance.now() : null;
  if (liveSince === null) triedSince = null;
  showState();
  return true;
}

// How the stream stands to who looks at it.
function mark() {
  if (!stream) return ['', ''];
  if (!isLive()) return [stream.state, stateText(stream.state)];
  if (player && (isMoving() || isAtRest()) && behind.step()) return ['behind', behindText(player.latency() ?? player.behind())];
  return player && isMoving() ? ['live', stateText('live')] : ['filling', 'On air'];
}

function showState() {
  const [state, text] = mark();
  if ($('state').textContent !== text) $('state').textContent = text;
  $('state').dataset.state = state;
  showLive(state === 'behind');
  $('with-dash').hidden = stream?.dash === null;
}

// Who has pressed it, or was about to, is still somewhere when it goes.
function showLive(isShown) {
  if (!isShown && document.activeElement === $('live')) video.focus();
  $('live').hidden = !isShown;
}

function goLive() {
  behind.goLive();
  video.play().catch(() => {});
  showState();
}

// What acts on a player is there with one.
function showActions() { for (const id of ['live', 'sound']) $(id).disabled = player === null; }

let movedAt = performance.now();  // Or began to be waited for.
let playedAt = -Infinity;
let triedSince = null;  // With one player or several, and nothing has come of it.
video.addEventListener('timeupdate', () => {
  movedAt = performance.now();
  hasMoved ||= video.currentTime > 0;
  if (video.paused || video.currentTime === 0) return;
  const isNews = !isMoving();
  playedAt = movedAt;
  triedSince = null;
  if (!isNews) return;
  showState();
  explain(true);
});
// Who stopped it has seen nothing move since.
video.addEventListener('play', () => { movedAt = performance.now(); });
const isMoving = () => performance.now() - playedAt < STUCK_MS;
const isStuck = () => triedSince !== null && performance.now() - triedSince >= STUCK_MS;
// The viewer has stopped it, or has to start it. One without a picture is paused by its player: it waits for bytes.
const isAtRest = () => video.paused && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && (hasMoved || isHeldBack);
// There is something to play, for long enough for a player to find it by itself.
const isHopeless = () => !isAtRest() && liveSince !== null && performance.now() - Math.max(movedAt, liveSince) > (hasMoved ? HOPELESS_MS : START_MS);

function explain(isAnswered) {
  const isOver = player !== null && video.ended;  // Whether more is to come the packager knows: to dash.js an absence is an end.
  if (player && !isOver && (isMoving() || isAtRest())) say(missing().length > 0 ? whyNotHere(missing()) : '');
  else if (isAnswered && isOver && stream?.state === 'ended') say('The stream has ended.');
  else if (isAnswered) say(whyNotNow());
}

function whyNotNow() {
  if (missing().length > 0) return whyNotHere(missing());
  return isLive() && isStuck() ? 'The stream does not come through. Still trying …' : whyNot(stream, name);
}

async function step() {
  const isAnswered = await look();
  explain(isAnswered);
  if (!player && isAnswered && isLive() && isPlayable()) {
    movedAt = performance.now();
    triedSince ??= movedAt;
    await start();
  } else if (player && video.ended && liveSince !== null) fail('what it played has ended, another is there');
  else if (player && isHopeless()) fail('stuck');
  else if (player && havePicturesCome()) end('there are pictures now');
}

// They are in a playlist, or a period, that players who began without them never look for. Another player begins at live: who has
// paused, or is behind on purpose, stays where they are.
const havePicturesCome = () => !hasPictures && isLive() && Boolean(stream.video) && !video.paused && !behind.isHeld
  && performance.now() - startedAt >= ANEW_MS;

function attendIn(ms) {
  clearTimeout(timer);
  timer = setTimeout(attend, Math.max(0, ms));
}

// Waits, starts, watches over, whatever comes of it; never ends.
async function attend() {
  isAttending = true;
  await step().catch((error) => console.warn('fanlight:', error));
  isAttending = false;
  attendIn(player ? 2 * AGAIN_MS : AGAIN_MS);
}

function fact(term, text) {
  const [dt, dd] = ['dt', 'dd'].map((tag) => document.createElement(tag));
  dt.textContent = term;
  dd.textContent = text;
  return text ? [dt, dd] : [];
}

function showFacts(meter) {
  const buffered = video.buffered.length > 0 ? video.buffered.end(video.buffered.length - 1) - video.currentTime : null;
  const target = player?.target() ?? null;
  $('facts').replaceChildren(
    ...fact('Player', player?.name ?? 'none'),
    ...fact('Picture', video.videoWidth ? `${video.videoWidth} × ${video.videoHeight}` : ''),
    ...fact('Stream', stream ? formatText(stream) : ''),
    ...fact('Codecs', player?.codecs() ?? ''),
    ...fact('Wanted distance', target ? `${target.toFixed(2)} s behind the end` : ''),
    ...fact('Buffered', buffered === null ? '' : `${buffered.toFixed(2)} s`),
    ...fact('First picture', meter.firstPictureMs === null ? '' : `after ${(meter.firstPictureMs / 1000).toFixed(2)} s`),
    ...fact('Clock', `${Math.abs(clock.offset).toFixed(0)} ms ${clock.offset < 0 ? 'behind' : 'ahead of'} this device’s`),
  );
}

// Either clock may be set while the page is open.
async function keepClock() {
  const sample = await clockOffset().catch(() => null);
  if (sample) clock.take(sample, performance.now());
  setTimeout(keepClock, sample ? CLOCK_MS : AGAIN_MS);
}

function prepare() {
  document.title = `${name} · fanlight`;
  $('name').textContent = name;
  showWhich();
  $('live').addEventListener('click', goLive);
  $('sound').addEventListener('click', () => { video.muted = false; video.play().catch(() => {}); });
  $('tracks').addEventListener('change', () => player?.choose(Number($('tracks').value)));
  showActions();
  const showSound = () => { $('sound').hidden = !video.muted; };
  video.addEventListener('volumechange', showSound);
  showSound();
  bindKeys(video, goLive);
  keepClock();
  new Undo(video);
  const meter = new Meter(video, $('charts'));
  setInterval(() => {
    meter.tick(player?.latency() ?? null, player?.target() ?? null);
    showFacts(meter);
    if (stream) showState();
  }, 1_000);
  // For tests and the curious, in the browser's console.
  globalThis.fanlight = { get player() { return player; }, video, meter };
}

prepare();
attend();
