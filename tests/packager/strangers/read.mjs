#!/usr/bin/env node
// Strangers read what the packager writes: hls-parser each playlist, mpd-parser the MPD, mp4box segments; what they read is compared
// with what our own linter reads. One line per finding; exits 1 when there is any, and the last line says how much was read.
//
//   read.mjs --modules build/strangers/node_modules http://localhost:8080/live/main/index.m3u8 --seconds 10
//   read.mjs … URL --hls                                               without the MPD
//   read.mjs --modules build/strangers/node_modules DIRECTORY          what `fanlight-packager --once` wrote

import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { closeIdle, request, sleep } from '../lint/http_client.mjs';
import { nextPart } from '../lint/media_playlist.mjs';
import { renditions } from '../lint/multivariant_rules.mjs';
import { differs, readAllVariants, readMedia } from './hls_reading.mjs';
import { readSegment } from './mp4_reading.mjs';
import { readMpd } from './mpd_reading.mjs';

const SEGMENTS_LOOKED_INTO = 4;  // Of a live playlist, the newest.

const { values, positionals: [source] } = parseArgs({
  allowPositionals: true, options: { modules: { type: 'string' }, seconds: { type: 'string', default: '8' }, hls: { type: 'boolean', default: false } },
});
const require = createRequire(path.resolve(values.modules, 'none.js'));
const [hls, mpd, mp4box] = ['hls-parser', 'mpd-parser', 'mp4box'].map((name) => require(name));

const count = { playlists: 0, deltas: 0, MPDs: 0, segments: 0, samples: 0 };
const seen = new Set();
// A finding that only differs in its numbers is said once.
function report(where, found) {
  for (const one of found) {
    const key = `${where} ${one.replace(/\d+/g, '#')}`;
    if (!seen.has(key)) console.log(`${where}: ${one}`);
    seen.add(key);
  }
}

const SOUND = /^(mp4a|ac-3|ec-3|opus)/i;
function codecsOf(multivariant) {
  const of = new Map();
  for (const { uri, attributes } of multivariant.variants) {
    const codecs = (attributes.CODECS ?? '').split(',');
    of.set(uri, codecs.find((codec) => !SOUND.test(codec)) ?? codecs[0]);
    const sound = codecs.find((codec) => SOUND.test(codec));
    for (const { attributes: one } of multivariant.media) if (one.TYPE === 'AUDIO' && one['GROUP-ID'] === attributes.AUDIO) of.set(one.URI ?? uri, sound);
  }
  return of;
}

// `get(name)` gives the bytes of what the playlist names; `told` what the MPD says of a segment, by its name.
async function lookInto(where, segments, get, codec, isVideo, told) {
  for (const one of segments.filter((segment) => segment.gap === null)) {
    const [init, bytes] = await Promise.all([get(one.map.attributes.URI), get(one.uri)]);
    const read = readSegment(mp4box, init, bytes, { codec: told?.get(one.uri).codec ?? codec, isVideo, seconds: one.duration / 1e6 });
    report(`${where} ${one.uri}`, read.found);
    const time = told?.get(one.uri).time ?? read.begins;
    if (time !== read.begins) report(`${where} ${one.uri}`, [`begins at ${read.begins} for them, the MPD says ${time}`]);
    count.segments += 1;
    count.samples += read.samples ?? 0;
  }
}

// --- a directory

async function readDirectory(directory) {
  const file = (name) => readFile(path.join(directory, name));
  const multivariant = readAllVariants(hls, (await file('index.m3u8')).toString());
  report('index.m3u8', multivariant.found);
  const manifest = readMpd(mpd, (await file('manifest.mpd')).toString(), 'http://localhost/manifest.mpd');
  report('manifest.mpd', manifest.found);
  const codecs = codecsOf(multivariant.ours);
  for (const { uri, isAudio } of renditions(multivariant.ours)) {
    const folder = path.dirname(uri);
    const { ours, found } = readMedia(hls, (await file(uri)).toString());
    report(uri, found);
    const told = new Map(manifest.ours.filter((one) => one.id === folder)
      .flatMap((one) => one.segments.map(({ uri: name, time }) => [path.basename(name), { time, codec: one.attributes.codecs }])));
    report(uri, differs('segments', [...told.keys()], ours.segments.map((one) => one.uri)));
    report(uri, differs('its codec at first', codecs.get(uri), told.get(ours.segments[0].uri)?.codec));
    await lookInto(folder, ours.segments, (name) => file(path.join(folder, name)), codecs.get(uri), !isAudio, told);
    const there = (await readdir(path.join(directory, folder))).filter((name) => /^s\d+\.m4s$/.test(name)).length;
    if (there !== ours.segments.length) report(uri, [`${there} files are there, ${ours.segments.length} listed`]);
    count.playlists += 1;
  }
  count.playlists += 1;
  count.MPDs += 1;
}

// --- a live presentation

async function get(url) {
  const response = await request(url);
  if (response.status !== 200) report(new URL(url).pathname, [`is answered with ${response.status}`]);
  return response;
}

// Every version of a playlist, whole and as a delta, and what its newest segments hold.
async function follow({ uri, isAudio }, base, codec, until) {
  const url = new URL(uri, base).href;
  let last = null;
  do {
    const next = last && nextPart(last);
    const wait = next ? `?_HLS_msn=${next.msn}&_HLS_part=${next.part}` : '';
    const whole = await get(url + wait);
    const { ours, found } = readMedia(hls, whole.text);
    report(`${uri}${last ? '' : ' at first'}`, found);
    const delta = readMedia(hls, (await get(`${url}?_HLS_skip=YES`)).text);
    report(`${uri} as a delta`, delta.found);
    count.playlists += 1;
    count.deltas += delta.ours.skip ? 1 : 0;
    last = ours;
  } while (performance.now() < until && !last.endlist);
  const bytes = async (name) => (await get(new URL(name, url).href)).body;
  await lookInto(uri, last.segments.slice(-SEGMENTS_LOOKED_INTO), bytes, codec, !isAudio, null);
}

// The MPD while it changes. The oldest that mpd-parser makes of it is there to be had, and the newest, as far as no busy machine is behind.
async function followMpd(url, until) {
  do {
    const response = await get(url);
    const { found, theirs } = readMpd(mpd, response.text, url);
    report('manifest.mpd', found);
    count.MPDs += 1;
    for (const { segments } of theirs) for (const one of [segments[0], segments.at(-4)]) if (one) await get(one.resolvedUri);
    await sleep(500);
  } while (performance.now() < until);
}

async function readLive(url) {
  const { ours, found } = readAllVariants(hls, (await get(url)).text);
  report('index.m3u8', found);
  const until = performance.now() + Number(values.seconds) * 1000;
  const codecs = codecsOf(ours);
  const playlists = renditions(ours).map((one) => follow(one, url, codecs.get(one.uri), until));
  await Promise.all([...playlists, values.hls ? null : followMpd(new URL('manifest.mpd', url).href, until)]);
  count.playlists += 1;
}

try {
  await (/^https?:/.test(source) ? readLive(source) : readDirectory(source));
  console.log(`${Object.entries(count).map(([name, number]) => `${number} ${name}`).join(', ')}: ${seen.size} findings`);
  process.exitCode = seen.size > 0 ? 1 : 0;
} catch (error) {
  console.error(`read.mjs: ${error.stack}`);
  process.exitCode = 2;
}
closeIdle();
