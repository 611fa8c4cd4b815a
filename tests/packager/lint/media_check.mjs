// Fetches what a playlist lists and holds it against what the playlist says: lengths, order, independence, and that a
// segment is its parts one behind the other.

import { producerTimeOf, readFragments, timescaleOf } from './fragment.mjs';
import { request } from './http_client.mjs';

const TOLERANCE_S = 0.001;  // Rounding of EXTINF and of ticks.
const CLOCK_TOLERANCE_MS = 2;  // Rounding of dates.
const MEDIA_TYPES = ['video/mp4', 'audio/mp4', 'video/iso.segment'];

export class MediaCheck {
  // `hasClock`: the MPD says that fragments tell when they were captured.
  constructor(url, { isAudio, hasClock }, report) {
    Object.assign(this, { url, isAudio, hasClock, report, timescales: new Map(), parts: new Map(), segments: new Set(), gaps: new Set(), sizes: [], nextTick: null, count: 0 });
  }

  // All that is new in `playlist`, in its order.
  async follow(playlist) {
    for (const segment of [...playlist.segments, ...(playlist.open ? [playlist.open] : [])]) {
      if (segment.gap && !this.gaps.has(segment.msn)) this.nextTick = null;  // Behind it media time goes on somewhere.
      if (segment.gap) this.gaps.add(segment.msn);
      for (const [i, part] of segment.parts.entries()) if (!this.parts.has(part.uri) && !part.isGap) await this.part(segment, part, i);
      if (segment.uri && segment.parts.length > 0 && !this.segments.has(segment.uri) && !segment.gap) await this.segment(segment);
    }
  }

  async fetch(uri, line) {
    const response = await request(new URL(uri, this.url).href);
    if (response.status !== 200) {
      this.report('H-54', line, `${uri} is listed, and answered with ${response.status}`);
      return null;
    }
    const type = (response.headers['content-type'] ?? '').split(';')[0];
    if (!MEDIA_TYPES.includes(type)) this.report('H-56', line, `${uri} is of type ${type}`);
    if (Number(response.headers['content-length']) !== response.body.length) this.report('H-54', line, `${uri} came without its length`);
    if (response.headers['content-encoding'] !== undefined) this.report('H-71', line, `${uri} came compressed`);
    ++this.count;
    return response.body;
  }

  async timescale(segment) {
    const uri = segment.map?.attributes.URI;
    if (uri !== undefined && !this.timescales.has(uri)) {
      const bytes = await this.fetch(uri, segment.map.line);
      this.timescales.set(uri, bytes && this.read(uri, segment.map.line, () => timescaleOf(bytes)));
    }
    return this.timescales.get(uri) ?? null;
  }

  async part(segment, part, i) {
    const bytes = await this.fetch(part.uri, part.line);
    this.parts.set(part.uri, bytes !== null);
    const timescale = await this.timescale(segment);
    const fragments = bytes && this.read(part.uri, part.line, () => readFragments(bytes));
    if (fragments && timescale) this.compare(segment, part, i, fragments, timescale);
    else this.nextTick = null;
    if (fragments && timescale && i === 0 && this.hasClock) this.clock(segment, part, bytes, fragments, timescale);
  }

  // What `reader` makes of the bytes; null, and a finding, where they are not what they should be.
  read(uri, line, reader) {
    try {
      return reader();
    } catch (error) {
      this.report('H-54', line, `${uri}: ${error.message}`);
      return null;
    }
  }

  compare(segment, part, i, fragments, timescale) {
    const ticks = fragments.reduce((total, one) => total + one.duration, 0);
    const off = ticks / timescale - part.duration / 1e6;
    if (Math.abs(off) > TOLERANCE_S) this.report('H-21', part.line, `${part.uri} is ${off.toFixed(6)} s longer than it says`);
    const isNewStart = segment.discontinuity && i === 0;
    const gap = this.nextTick === null || isNewStart ? 0 : (fragments[0].begins - this.nextTick) / timescale;
    if (Math.abs(gap) > TOLERANCE_S) this.report('H-82', part.line, `${part.uri} begins ${gap.toFixed(6)} s after the part before it ends`);
    this.nextTick = fragments[0].begins + ticks;
    if (!this.isAudio) this.independence(part, fragments.flatMap((one) => one.samples));
  }

  // Each segment begins with it, and it says what the date of the segment does.
  clock(segment, part, bytes, fragments, timescale) {
    const said = this.read(part.uri, part.line, () => producerTimeOf(bytes));
    if (!said) return this.report('D-08', part.line, `${part.uri} begins its segment and has no prft, which the MPD promises`);
    const begins = said.at + ((fragments[0].shown - said.mediaTime) / timescale) * 1e3;
    const off = segment.date ? begins - Date.parse(segment.date.value) : 0;
    if (Math.abs(off) > CLOCK_TOLERANCE_MS) this.report('D-08', part.line, `${part.uri}: its prft is ${off.toFixed(3)} ms from its segment's date`);
    return undefined;
  }

  independence(part, samples) {
    const at = samples.findIndex((one) => one.isSync);
    if (part.isIndependent && at !== 0) this.report('H-13', part.line, `${part.uri} is INDEPENDENT, its first picture is not`);
    if (!part.isIndependent && at === 0) this.report('H-13', part.line, `${part.uri} begins with an independent picture and does not say so`);
    if (samples.slice(1).some((one) => one.isSync)) this.report('H-13', part.line, `${part.uri} has an independent picture that is not its first`);
  }

  async segment(segment) {
    this.segments.add(segment.uri);
    // Of one that had begun before we came, not all parts may be listed any more, or were ever fetched.
    if (segment.parts.some((part) => !this.parts.get(part.uri))) return;
    const bytes = await this.fetch(segment.uri, segment.line);
    if (!bytes) return;
    this.sizes.push([bytes.length, segment.duration / 1e6]);
    const pieces = await Promise.all(segment.parts.map((part) => request(new URL(part.uri, this.url).href)));
    pieces.forEach((piece, i) => {
      if (piece.status !== 200) this.report('H-52', segment.parts[i].line, `${segment.parts[i].uri} is gone as soon as its segment is whole (${piece.status})`);
    });
    if (Buffer.compare(bytes, Buffer.concat(pieces.map((piece) => piece.body))) !== 0) this.report('H-54', segment.line, `${segment.uri} is not its parts one behind the other`);
  }
}
