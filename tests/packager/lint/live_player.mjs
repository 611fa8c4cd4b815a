// Reloads one media playlist as a low-latency player does, and judges each answer and each change.
//
// Every reload is asked twice at once, whole and as a delta: a player may do either, and both must say the same.

import { RequestError, request, sleep } from './http_client.mjs';
import { judgeChange } from './change_rules.mjs';
import { MediaCheck } from './media_check.mjs';
import { nextPart, readMediaPlaylist, reconstruct, sum } from './media_playlist.mjs';
import { judgeMedia } from './media_rules.mjs';
import { micros } from './attributes.mjs';

const PLAYLIST_TYPES = ['application/vnd.apple.mpegurl', 'audio/mpegurl', 'application/x-mpegurl'];
const BLOCKED_TARGETS = 3;  // So long a reload may be held. §6.2.5.2

export class LivePlayer {
  // `report({ rule, line, text })`; `others`: the presentation's other playlists, or null where that is not known.
  constructor(url, { isAudio, others, frame, withMedia, lateMs, pauseMs = 500, hasClock = false, report }) {
    this.url = url;
    this.context = { isAudio, others, frame, lateMs };
    this.lateMs = lateMs;
    this.pauseMs = pauseMs;  // After a reload that failed.
    this.report = (rule, line, text) => report({ rule, line, text });
    this.reportAll = (found) => found.forEach(report);
    this.media = withMedia ? new MediaCheck(url, { isAudio, hasClock }, this.report) : null;
    this.count = { playlists: 0, deltas: 0 };
    this.now = null;  // The newest whole playlist.
    this.hasEnded = false;
    this.newestAt = null;
    this.newest = { msn: null, at: null };  // The newest whole segment, and when it was first seen; not known of the first.
  }

  async fetch(query) {
    const response = await request(`${this.url}${query}`, { timeoutMs: 30_000, headers: { 'accept-encoding': 'gzip' } });
    if (response.status !== 200) {
      this.report('H-30', 0, `${query || 'the playlist'} is answered with ${response.status}`);
      return null;
    }
    const type = (response.headers['content-type'] ?? '').split(';')[0].toLowerCase();
    if (!PLAYLIST_TYPES.includes(type)) this.report('H-56', 0, `the playlist is of type ${type}`);
    if (response.headers['content-encoding'] !== 'gzip') this.report('H-71', 0, 'the playlist came without gzip, though it is accepted');
    ++this.count.playlists;
    return { playlist: readMediaPlaylist(response.text), response };
  }

  async run(isOver) {
    if (!(await this.start())) return;
    while (!isOver() && !this.hasEnded) {
      try {
        await (this.now.partTarget === null ? this.reloadLater() : this.reloadBlocked());
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        this.report('H-30', 0, error.message);
        await sleep(this.pauseMs);
      }
    }
  }

  async start() {
    const first = await this.fetch('');
    if (!first) return false;
    await this.take(first.playlist);
    return true;
  }

  async reloadLater() {
    await sleep((this.now.targetDuration ?? 1) * 500);
    const whole = await this.fetch('');
    if (whole) await this.take(whole.playlist);
  }

  async reloadBlocked() {
    const { msn, part } = nextPart(this.now);
    const query = `?_HLS_msn=${msn}&_HLS_part=${part}`;
    const [whole, delta] = await Promise.all([this.fetch(query), this.fetch(`${query}&_HLS_skip=YES`)]);
    if (!whole) {
      await sleep(this.pauseMs);
      return;
    }
    this.judgeRelease(whole, msn, part);
    if (delta) this.judgeDelta(delta.playlist, whole.playlist);
    await this.take(whole.playlist);
  }

  judgeRelease({ playlist, response }, msn, part) {
    const next = nextPart(playlist);
    const hasIt = next.msn > msn || (next.msn === msn && next.part > part);
    if (!hasIt && !playlist.endlist) this.report('H-30', 0, `asked for part ${part} of ${msn}, answered before it was there`);
    const heldMs = response.headAt - response.sentAt;
    if (heldMs > BLOCKED_TARGETS * 1000 * playlist.targetDuration + this.lateMs) this.report('H-35', 0, `held for ${heldMs.toFixed(0)} ms`);
    // Wherever answers go, parts come at the pace that they have.
    const sinceMs = this.newestAt === null ? 0 : response.headAt - this.newestAt;
    const isOneStep = next.msn === msn && next.part === part + 1;
    if (isOneStep && sinceMs > micros(playlist.partTarget) / 1e3 + this.lateMs) this.report('H-17', 0, `part ${part} of ${msn} came ${sinceMs.toFixed(0)} ms after the one before`);
    this.newestAt = response.headAt;
    this.judgePace(playlist, response.headAt);
  }

  // A new segment within one and a half target durations. §6.2.1
  judgePace({ openMsn, targetDuration }, at) {
    const { msn, at: before } = this.newest;
    if (msn === openMsn) return;
    const sinceMs = before === null || openMsn !== msn + 1 ? 0 : at - before;
    if (sinceMs > 1_500 * targetDuration + this.lateMs) this.report('H-17', 0, `segment ${msn} came ${sinceMs.toFixed(0)} ms after the one before`);
    this.newest = { msn: openMsn, at: msn === null ? null : at };
  }

  judgeDelta(delta, whole) {
    ++this.count.deltas;
    this.reportAll(judgeMedia(delta, this.context));
    if (!delta.skip) this.judgeNoSkip(delta);
    const rebuilt = reconstruct(this.now, delta);
    if (!rebuilt) this.report('H-40', delta.skip.line, 'skips segments that the playlist before did not have');
    else if (JSON.stringify(nextPart(rebuilt)) === JSON.stringify(nextPart(whole))) this.judgeSame(rebuilt, whole);
  }

  judgeNoSkip(whole) {
    const until = micros(whole.control['CAN-SKIP-UNTIL'] ?? '0');
    const [first] = whole.segments;
    const left = sum(whole.segments) + sum(whole.open?.parts ?? []) - (first?.duration ?? 0);
    if (until > 0 && first && left >= until && !whole.endlist) this.report('H-40', 1, 'nothing is skipped, though a segment could be');
  }

  judgeSame(rebuilt, whole) {
    const text = (one) => `${one.msn} ${one.uri} ${one.inf?.value} ${one.map?.value} ${one.key?.value} ${one.date?.value} ${Boolean(one.discontinuity)} ${Boolean(one.gap)}`;
    const [got, want] = [rebuilt, whole].map((one) => one.segments.map(text));
    const at = want.findIndex((line, i) => line !== got[i]);
    if (got.length !== want.length || at >= 0) this.report('H-43', 1, `the delta makes "${got[at]}" of what is "${want[at]}"`);
  }

  async take(playlist) {
    this.reportAll(judgeMedia(playlist, this.context));
    if (this.now) this.reportAll(judgeChange(this.now, playlist));
    this.hasEnded = playlist.endlist !== null;
    this.now = playlist;
    if (this.media) await this.media.follow(playlist);
  }
}
