// A small live origin with one rendition, whose next part comes when somebody waits for it, and which can be told to do one
// thing wrong. For the linter's tests.

import http from 'node:http';
import { gzipSync } from 'node:zlib';

import { sleep } from './http_client.mjs';

const PARTS = 5;  // A segment.
const PART_TICKS = 9_000;
const BEFORE = 16;  // Segments that are there at the start.
const START = Date.parse('2026-11-26T16:30:00.000Z');
const PLAYLIST = '/v0/index.m3u8';

function box(type, ...pieces) {
  const body = Buffer.concat(pieces);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}
const words = (...values) => { const out = Buffer.alloc(4 * values.length); values.forEach((value, i) => out.writeUInt32BE(value >>> 0, 4 * i)); return out; };

const INIT = Buffer.concat([box('ftyp', words(0)), box('moov', box('trak', box('mdia', box('mdhd', words(0, 0, 0, 90_000, 0)))))]);

const NTP_1970 = 2_208_988_800;
// What begins at `begins` was captured at `at`, in milliseconds.
const producerTime = (at, begins) => box('prft', words(0x01000018, 1, NTP_1970 + Math.floor(at / 1e3), ((at % 1e3) / 1e3) * 2 ** 32, 0, begins));

// Three pictures; `sync` says which are independent, `shown` how long after their turn to be decoded they are shown.
function fragment(begins, ticks, sync, shown) {
  const samples = sync.map((isSync, i) => words(ticks / 3, isSync ? 0x02000000 : 0x01010000, shown[i]));
  const traf = box('traf', box('tfhd', words(0x020000, 1)), box('tfdt', words(0x01000000, 0, begins)), box('trun', words(0x01000d00, 3), ...samples));
  return Buffer.concat([box('moof', traf), box('mdat', words(begins))]);
}

export class SampleOrigin {
  // `create` is http.createServer, or http2's.
  constructor(flaw, create = http.createServer) {
    this.flaw = flaw;
    this.server = create((request, response) => this.answer(request, response));
    this.sent = new Set();
    this.count = BEFORE * PARTS + 1;  // How many parts there are, the first at the start of the stream.
  }

  async listen() {
    await new Promise((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
    return `http://127.0.0.1:${this.server.address().port}${PLAYLIST}`;
  }

  close() { this.server.close(); this.server.closeAllConnections?.(); }

  async wait(wanted) {
    await sleep({ 'a part is late': 300, 'a segment is late': 350 }[this.flaw] ?? 10);
    this.count = Math.max(this.count, wanted);
  }

  async answer(request, response) {
    const url = new URL(request.url, 'http://origin');
    if (url.pathname === PLAYLIST) return this.playlist(url.searchParams, response);
    const media = this.media(url.pathname.split('/').at(-1));
    if (!media) return response.writeHead(404).end();
    return this.send(response, media, this.flaw === 'media of no type' ? 'text/plain' : 'video/mp4', this.flaw === 'compressed media');
  }

  send(response, body, type, isGzip) {
    const bytes = isGzip ? gzipSync(body) : body;
    const length = this.flaw === 'media without length' && type === 'video/mp4' ? {} : { 'content-length': bytes.length };
    response.writeHead(200, { 'content-type': type, ...length, ...(isGzip ? { 'content-encoding': 'gzip' } : {}) });
    response.end(bytes);
  }

  async playlist(query, response) {
    const wanted = query.has('_HLS_msn') ? Number(query.get('_HLS_msn')) * PARTS + Number(query.get('_HLS_part')) + 1 : 0;
    if (this.flaw === 'a reload fails' && wanted > 0) return response.writeHead(500).end();
    if (this.flaw !== 'reloads are not held') await this.wait(wanted);
    const mayskip = query.get('_HLS_skip') === 'YES' && this.flaw !== 'skip is ignored';
    const type = this.flaw === 'a playlist of no type' ? 'text/plain' : 'application/vnd.apple.mpegurl';
    return this.send(response, Buffer.from(this.text(this.count, mayskip)), type, this.flaw !== 'a playlist without gzip');
  }

  text(count, mayskip) {
    const open = Math.floor(count / PARTS);
    const skipped = mayskip ? open - 12 + (this.flaw === 'too much is skipped' ? 1 : 0) : 0;
    const lines = ['#EXTM3U', `#EXT-X-VERSION:${skipped ? 9 : 6}`, '#EXT-X-TARGETDURATION:1',
      '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.300000,CAN-SKIP-UNTIL=6.000000', '#EXT-X-PART-INF:PART-TARGET=0.100000',
      '#EXT-X-MEDIA-SEQUENCE:0', '#EXT-X-DISCONTINUITY-SEQUENCE:0', ...(skipped ? [`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`] : [])];
    for (let msn = skipped; msn <= open; ++msn) lines.push(...this.segment(msn, msn === open ? count % PARTS : PARTS, msn === skipped, msn >= open - 6, skipped > 0));
    return [...lines, `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s${open}.${count % PARTS}.m4s"`, ''].join('\n');
  }

  segment(msn, parts, isFirst, hasParts, isDelta) {
    if (parts === 0) return [];
    const shift = isDelta && this.flaw === 'the delta differs' && msn % 4 === 0 ? 1 : 0;
    const lines = [...(isFirst ? ['#EXT-X-MAP:URI="i0.mp4"'] : []), `#EXT-X-PROGRAM-DATE-TIME:${new Date(START + 500 * msn + shift).toISOString()}`];
    if (this.flaw === 'a segment is a gap' && msn === 12) return [...lines, '#EXT-X-GAP', '#EXTINF:0.500000,', `s${msn}.m4s`];
    for (let i = 0; hasParts && i < parts; ++i) lines.push(`#EXT-X-PART:DURATION=0.100000,URI="s${msn}.${i}.m4s"${i === 0 ? ',INDEPENDENT=YES' : ''}`);
    return parts === PARTS ? [...lines, '#EXTINF:0.500000,', `s${msn}.m4s`] : lines;
  }

  media(name) {
    if (name === 'i0.mp4') return INIT;
    const [, msn, part] = (/^s(\d+)(?:\.(\d+))?\.m4s$/.exec(name) ?? []).map(Number);
    if (msn === undefined) return null;
    const isGone = this.flaw === 'parts go when they were sent' && this.sent.has(name);
    this.sent.add(name);
    if (!Number.isNaN(part)) return isGone || (this.flaw === 'a part is not there' && part === 3) ? null : this.part(msn, part);
    const parts = Array.from({ length: PARTS }, (_, i) => this.part(msn, i));
    return Buffer.concat(this.flaw === 'a segment is not its parts' ? parts.slice(1) : parts);
  }

  part(msn, i) {
    const begins = (msn * PARTS + i) * PART_TICKS + (this.flaw === 'parts leave a gap' && i === 2 ? 900 : 0);
    const ticks = this.flaw === 'a part is shorter than it says' && i === 2 ? PART_TICKS - 300 : PART_TICKS;
    const isSync = this.flaw === 'a part does not begin independently' ? false : i === 0;
    if (this.flaw === 'a part is no fragment' && i === 1) return Buffer.from('no boxes at all');
    const isSilent = i > 0 || this.flaw === 'a segment has no prft';
    const clock = isSilent ? Buffer.alloc(0) : producerTime(START + 500 * msn + (this.flaw === 'a prft is off' ? 20 : 0), begins + this.shown(ticks)[0]);
    return Buffer.concat([clock, this.fragment(i, begins, ticks, isSync)]);
  }

  // An I, a P and a B picture, decoded in this order.
  shown(ticks) { return this.flaw === 'pictures are reordered' ? [ticks / 3, (2 * ticks) / 3, 0] : [0, 0, 0]; }

  fragment(i, begins, ticks, isSync) {
    return fragment(begins, ticks, [isSync || (this.flaw === 'independence is not said' && i === 2), false, this.flaw === 'a part does not begin at its picture' && i === 1], this.shown(ticks));
  }
}
