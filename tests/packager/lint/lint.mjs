#!/usr/bin/env node
// Holds a live HLS presentation against draft-pantos-hls-rfc8216bis-22 and Apple's authoring specification, as strictly as a
// player that gives up at the first fault: reloads its playlists as a low-latency player does, blocking, whole and as deltas,
// and judges each answer and each change. Prints one line per finding, with its rule and line; exits 1 when there is any.
//
//   lint.mjs http://localhost:8080/live/main/index.m3u8 --seconds 20
//   lint.mjs URL --media                  also fetches all parts and segments, and looks into them
//   lint.mjs playlist.m3u8 [next.m3u8 …]  files, each judged against the one before; *.mpd as well
//   lint.mjs URL --frame-ms 40            how long a picture is (default 42)
//   lint.mjs URL --late-ms 200            how late a part may be (default 150)
//   lint.mjs URL --pass-over H-16,H-17    rules that what is tried cannot keep
//   lint.mjs URL --dash                   an MPD that is missing is a fault
//   lint.mjs URL --h2                     over HTTP/2

import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { judgeChange } from './change_rules.mjs';
import { closeIdle, request, speakH2 } from './http_client.mjs';
import { LivePlayer } from './live_player.mjs';
import { isMultivariant, readMediaPlaylist } from './media_playlist.mjs';
import { judgeMedia } from './media_rules.mjs';
import { judgeMpd, judgeMpdChange } from './mpd_rules.mjs';
import { judgeMeasured, judgeMultivariant, peakOf, readMultivariant, renditions } from './multivariant_rules.mjs';
import { VARIANT_RULE, judgeSound, judgeVariants } from './variant_rules.mjs';

export class Report {
  constructor(write = console.log, passedOver = []) {
    this.write = write;
    this.passedOver = new Set(passedOver);
    this.seen = new Map();
  }

  // The same fault of each of a hundred playlists is said once, and counted.
  add(where, { rule, line, text }) {
    if (this.passedOver.has(rule)) return;
    const key = `${rule} ${where} ${text.replace(/\d+(\.\d+)*/g, '#')}`;
    const times = (this.seen.get(key) ?? 0) + 1;
    this.seen.set(key, times);
    if (times === 1) this.write(`${rule.padEnd(6)} ${where}${line ? `:${line}` : ''}  ${text}`);
  }

  get total() { return [...this.seen.values()].reduce((total, times) => total + times, 0); }
}

const relativeTo = (from, to) => {
  const up = new URL(from).pathname.split('/').slice(0, -1);
  const down = new URL(to).pathname.split('/');
  let same = 0;
  while (same < up.length && up[same] === down[same]) ++same;
  return [...up.slice(same).map(() => '..'), ...down.slice(same)].join('/');
};

function judgeTogether(players, report, frame) {
  const [pictures, sounds] = [false, true].map((isAudio) => players.filter((one) => one.context.isAudio === isAudio && one.now?.segments.length > 0));
  const [ofPictures, ofSound] = [pictures, sounds].map((all) => all.map((one) => one.now));
  const add = (all, found) => found.forEach(({ place, line, text }) => report.add(all[place].url, { rule: VARIANT_RULE, line, text }));
  add(pictures, judgeVariants(ofPictures, frame));
  add(sounds, judgeSound(ofSound, ofPictures));
}

// At the end: what is said may have become more meanwhile.
async function judgeRates(url, members, players, report) {
  const { status, text } = await request(url);
  if (status !== 200 || !isMultivariant(text)) return;
  const peaks = new Map(players.map((player, i) => [members[i].uri, peakOf(player.media.sizes, player.now?.targetDuration ?? 0)]));
  judgeMeasured(readMultivariant(text), peaks).forEach((found) => report.add(url, found));
}

// The MPD beside the playlists, where there is one: at the start and at the end. Null where there is none.
async function lintMpd(url, before, report, { wantsDash }) {
  const place = new URL('manifest.mpd', url).href;
  const response = await request(place);
  if (response.status === 404 && !wantsDash) return null;
  const where = new URL(place).pathname;
  if (response.status !== 200) report.add(where, { rule: 'D-02', line: 0, text: `is answered with ${response.status}` });
  judgeMpd(response.text).forEach((found) => report.add(where, found));
  if (before) judgeMpdChange(before, response.text).forEach((found) => report.add(where, found));
  return response.text;
}

async function lintLive(url, report, options) {
  const response = await request(url);
  if (response.status !== 200) throw new Error(`${url} is answered with ${response.status}`);
  let members = [{ url, isAudio: false, others: null }];
  if (isMultivariant(response.text)) {
    const multivariant = readMultivariant(response.text);
    judgeMultivariant(multivariant).forEach((found) => report.add(url, found));
    const all = renditions(multivariant).map((one) => ({ ...one, url: new URL(one.uri, url).href }));
    members = all.map((one) => ({ ...one, others: all.filter((other) => other !== one).map((other) => relativeTo(one.url, other.url)) }));
  }
  const mpd = await lintMpd(url, null, report, options);
  const hasClock = /<ProducerReferenceTime[^>]* inband="true"/.test(mpd ?? '');
  const players = members.map((one) => new LivePlayer(one.url, { ...options, ...one, hasClock, report: (found) => report.add(new URL(one.url).pathname, found) }));
  const until = performance.now() + options.seconds * 1000;
  await Promise.all(players.map((player) => player.run(() => performance.now() >= until)));
  if (mpd !== null) await lintMpd(url, mpd, report, options);
  judgeTogether(players, report, options.frame);
  if (options.withMedia) await judgeRates(url, members, players, report);
  const total = (of) => players.reduce((sum, player) => sum + of(player), 0);
  return `${total((one) => one.count.playlists)} playlists, ${total((one) => one.count.deltas)} of them deltas, `
    + `${total((one) => one.media?.count ?? 0)} pieces of media, of ${players.length} renditions`;
}

async function lintFiles(files, report) {
  let before = null;
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    if (file.endsWith('.mpd')) judgeMpd(text).forEach((found) => report.add(file, found));
    else if (isMultivariant(text)) judgeMultivariant(readMultivariant(text)).forEach((found) => report.add(file, found));
    else {
      const playlist = readMediaPlaylist(text);
      judgeMedia(playlist).forEach((found) => report.add(file, found));
      if (before) judgeChange(before, playlist).forEach((found) => report.add(file, found));
      before = playlist;
    }
  }
  return `${files.length} playlists`;
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '10' }, media: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' },
      'frame-ms': { type: 'string', default: '42' }, 'late-ms': { type: 'string', default: '150' },
      'pass-over': { type: 'string', default: '' }, dash: { type: 'boolean', default: false }, h2: { type: 'boolean', default: false },
    },
  });
  if (values.help || positionals.length === 0) {
    const text = await readFile(new URL(import.meta.url), 'utf8');
    console.log(text.split('\n').slice(1).filter((line, i, all) => all.slice(0, i + 1).every((one) => one.startsWith('//'))).map((line) => line.slice(3)).join('\n'));
    return values.help ? 0 : 2;
  }
  if (values.h2) speakH2();
  const report = new Report(console.log, values['pass-over'].split(',').filter(Boolean));
  const options = { seconds: Number(values.seconds), withMedia: values.media, frame: Number(values['frame-ms']) * 1e3, lateMs: Number(values['late-ms']), wantsDash: values.dash };
  const isLive = /^https?:/.test(positionals[0]);
  const what = isLive ? await lintLive(positionals[0], report, options) : await lintFiles(positionals, report);
  console.log(`${what}: ${report.total} findings`);
  closeIdle();
  return report.total > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`lint.mjs: ${error.message}`);
  closeIdle();
  process.exitCode = 2;
}
