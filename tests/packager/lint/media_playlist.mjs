// A media playlist as its lines say it. Reading it finds what no playlist may have (rule "syntax"); what a low-latency
// playlist must have besides is judged by media_rules.mjs, and what may change by change_rules.mjs.

import { hasAttributes, micros, parseAttributes } from './attributes.mjs';

export const finding = (rule, line, text) => ({ rule, line, text });

const HEADER = new Set(['EXT-X-VERSION', 'EXT-X-TARGETDURATION', 'EXT-X-MEDIA-SEQUENCE', 'EXT-X-DISCONTINUITY-SEQUENCE',
  'EXT-X-PLAYLIST-TYPE', 'EXT-X-SERVER-CONTROL', 'EXT-X-PART-INF', 'EXT-X-SKIP', 'EXT-X-INDEPENDENT-SEGMENTS', 'EXT-X-START']);
const BARE = new Set(['EXT-X-INDEPENDENT-SEGMENTS', 'EXT-X-ENDLIST', 'EXT-X-DISCONTINUITY', 'EXT-X-GAP']);
const STATE = { 'EXT-X-MAP': 'map', 'EXT-X-KEY': 'key', 'EXT-X-DISCONTINUITY': 'discontinuity', 'EXT-X-PROGRAM-DATE-TIME': 'date' };

const emptySegment = () => ({
  msn: 0, uri: null, line: 0, duration: 0, map: null, key: null, date: null, discontinuity: null, gap: null, inf: null,
  parts: [], late: [], keys: [],
});

class Reader {
  constructor(text) {
    this.playlist = {
      text, findings: [], header: {}, segments: [], open: null, hints: [], reports: [], dateranges: [], skip: null,
      endlist: null, firstSegmentLine: Infinity,
    };
    this.segment = emptySegment();
    this.carried = { map: null, key: null };
  }

  note(rule, line, text) { this.playlist.findings.push(finding(rule, line, text)); }

  read() {
    const { text } = this.playlist;
    if (text.charCodeAt(0) === 0xfeff) this.note('syntax', 1, 'begins with a byte order mark');
    if (text.includes('\r')) this.note('syntax', 1, 'has carriage returns');
    if (!text.endsWith('\n')) this.note('syntax', 1, 'its last line has no end');
    text.split('\n').forEach((line, i) => this.line(line.replace(/\r$/, ''), i + 1));
    return this.finish();
  }

  line(line, number) {
    if (line === '') return;
    if (number === 1 || line === '#EXTM3U') {
      if ((line === '#EXTM3U') !== (number === 1)) this.note('H-01', number, '#EXTM3U is the first line, and only that');
      return;
    }
    if (!line.startsWith('#')) this.uri(line, number);
    else if (line.startsWith('#EXT')) this.tag(line.slice(1), number);
  }

  tag(line, number) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1);
    if (BARE.has(name) && colon >= 0) this.note('syntax', number, `${name} takes no value`);
    const entry = { line: number, value };
    if (hasAttributes(name)) entry.attributes = parseAttributes(name, value, (what) => this.note('syntax', number, what));
    if (HEADER.has(name)) this.head(name, entry);
    else if (name in STATE) this.state(name, entry);
    else this.other(name, entry);
  }

  head(name, entry) {
    const { header } = this.playlist;
    if (name in header) this.note(name === 'EXT-X-VERSION' ? 'H-01' : 'syntax', entry.line, `${name} stands twice`);
    header[name] = entry;
    if (name === 'EXT-X-SKIP') this.playlist.skip = { line: entry.line, count: Number(entry.attributes['SKIPPED-SEGMENTS']) };
  }

  state(name, entry) {
    this.begun(entry.line);
    // What holds for a segment stands before its first part. §4.4.4.9
    if (this.segment.parts.length > 0) this.segment.late.push({ name, line: entry.line });
    if (name === 'EXT-X-KEY') this.segment.keys.push(entry);
    this.segment[STATE[name]] = entry;
  }

  other(name, entry) {
    if (name === 'EXTINF') this.inf(entry);
    else if (name === 'EXT-X-PART') this.part(entry);
    else if (name === 'EXT-X-GAP') this.segment.gap = entry;
    else if (name === 'EXT-X-PRELOAD-HINT') this.playlist.hints.push(entry);
    else if (name === 'EXT-X-RENDITION-REPORT') this.playlist.reports.push(entry);
    else if (name === 'EXT-X-DATERANGE') this.playlist.dateranges.push(entry);
    else if (name === 'EXT-X-ENDLIST') this.playlist.endlist = entry;
    else this.note('syntax', entry.line, `${name} is unknown, or has no business in a media playlist`);
  }

  inf(entry) {
    this.begun(entry.line);
    const match = /^(\d+(\.\d+)?),/.exec(entry.value);
    if (!match) this.note('syntax', entry.line, `EXTINF:${entry.value} is no duration and a comma`);
    if (this.segment.inf) this.note('syntax', entry.line, 'a second EXTINF for one segment');
    this.segment.inf = entry;
    this.segment.duration = match ? micros(match[1]) : 0;
  }

  part(entry) {
    this.begun(entry.line);
    const { DURATION, URI, INDEPENDENT, GAP, BYTERANGE } = entry.attributes;
    this.segment.parts.push({
      line: entry.line, uri: URI, text: DURATION ?? '0', duration: micros(DURATION ?? '0'), isIndependent: INDEPENDENT === 'YES',
      isGap: GAP === 'YES', byterange: BYTERANGE ?? null,
    });
  }

  uri(uri, number) {
    if (!this.segment.inf) this.note('syntax', number, `${uri} has no EXTINF before it`);
    this.segment.uri = uri;
    this.segment.line = number;
    this.playlist.segments.push(this.closed());
    this.segment = emptySegment();
  }

  closed() {
    for (const what of ['map', 'key']) this.carried[what] = this.segment[what] ?? this.carried[what];
    return { ...this.segment, said: { map: this.segment.map, key: this.segment.key }, ...this.carried };
  }

  begun(line) { this.playlist.firstSegmentLine = Math.min(this.playlist.firstSegmentLine, line); }

  finish() {
    const { playlist, segment } = this;
    if (segment.inf) this.note('syntax', segment.inf.line, 'EXTINF without a URI');
    const isBegun = segment.parts.length > 0 || segment.date || segment.discontinuity || segment.map || segment.key;
    playlist.open = isBegun ? this.closed() : null;
    const whole = (name) => { const entry = playlist.header[name]; return entry && /^\d+$/.test(entry.value) ? Number(entry.value) : null; };
    playlist.version = whole('EXT-X-VERSION');
    playlist.targetDuration = whole('EXT-X-TARGETDURATION');
    playlist.mediaSequence = whole('EXT-X-MEDIA-SEQUENCE') ?? 0;
    playlist.discontinuitySequence = whole('EXT-X-DISCONTINUITY-SEQUENCE') ?? 0;
    playlist.control = playlist.header['EXT-X-SERVER-CONTROL']?.attributes ?? {};
    playlist.partTarget = playlist.header['EXT-X-PART-INF']?.attributes['PART-TARGET'] ?? null;
    number(playlist);
    return playlist;
  }
}

function number(playlist) {
  const first = playlist.mediaSequence + (playlist.skip?.count ?? 0);
  playlist.segments.forEach((segment, i) => { segment.msn = first + i; });
  playlist.openMsn = first + playlist.segments.length;
  if (playlist.open) playlist.open.msn = playlist.openMsn;
}

export const readMediaPlaylist = (text) => new Reader(text).read();
export const isMultivariant = (text) => /^#EXT-X-(STREAM-INF|MEDIA):/m.test(text);

export const sum = (list) => list.reduce((total, one) => total + one.duration, 0);
// Of what the lines name; a delta's skipped segments are not among it.
export const listedLength = (playlist) => sum(playlist.segments) + sum(playlist.open?.parts ?? []);
// The part that comes next.
export const nextPart = (playlist) => ({ msn: playlist.openMsn, part: playlist.open?.parts.length ?? 0 });

// The whole that a delta stands for, with the segments that `before` still has; null when it has not got them. §6.3.7
export function reconstruct(before, delta) {
  if (!delta.skip) return delta;
  const first = delta.mediaSequence - before.mediaSequence;
  const kept = first < 0 ? [] : before.segments.slice(first, first + delta.skip.count);
  if (kept.length !== delta.skip.count) return null;
  return { ...delta, skip: null, segments: [...kept.map((segment) => ({ ...segment, parts: [] })), ...delta.segments] };
}
