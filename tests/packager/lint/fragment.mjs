// A CMAF part as far as a playlist makes claims about it: how long it is, where it begins, which samples are independent.

function* boxes(bytes, from = 0, to = bytes.length) {
  for (let at = from; at + 8 <= to;) {
    const size = bytes.readUInt32BE(at);
    if (size < 8 || at + size > to) throw new Error(`a box of ${size} bytes at ${at} of ${to}`);
    yield { type: bytes.toString('latin1', at + 4, at + 8), from: at + 8, to: at + size };
    at += size;
  }
}

const find = (bytes, type, within = { from: 0, to: bytes.length }) => {
  for (const box of boxes(bytes, within.from, within.to)) if (box.type === type) return box;
  return null;
};

function need(bytes, type, within) {
  const box = find(bytes, type, within);
  if (!box) throw new Error(`no ${type}`);
  return box;
}

// Ticks a second of the one track in an init segment.
export function timescaleOf(init) {
  const mdhd = need(init, 'mdhd', need(init, 'mdia', need(init, 'trak', need(init, 'moov'))));
  return init.readUInt32BE(mdhd.from + (init[mdhd.from] === 1 ? 20 : 12));
}

const NON_SYNC = 0x10000;

// What tfhd says holds for every sample that trun says nothing of.
function defaultsOf(bytes, tfhd) {
  const flags = bytes.readUInt32BE(tfhd.from) & 0xffffff;
  let at = tfhd.from + 8;
  if (flags & 0x1) at += 8;
  if (flags & 0x2) at += 4;
  const take = (flag) => { if (!(flags & flag)) return 0; at += 4; return bytes.readUInt32BE(at - 4); };
  return { duration: take(0x8), size: take(0x10), flags: take(0x20) };
}

function samplesOf(bytes, trun, defaults) {
  const flags = bytes.readUInt32BE(trun.from) & 0xffffff;
  const count = bytes.readUInt32BE(trun.from + 4);
  let at = trun.from + 8 + (flags & 0x1 ? 4 : 0);
  const first = flags & 0x4 ? bytes.readUInt32BE(at) : null;
  if (first !== null) at += 4;
  const take = (flag, fallback) => { if (!(flags & flag)) return fallback; at += 4; return bytes.readUInt32BE(at - 4); };
  const offset = (flag) => { if (!(flags & flag)) return 0; at += 4; return bytes[trun.from] === 1 ? bytes.readInt32BE(at - 4) : bytes.readUInt32BE(at - 4); };
  return Array.from({ length: count }, (_, i) => {
    const duration = take(0x100, defaults.duration);
    take(0x200, 0);
    const own = take(0x400, i === 0 && first !== null ? first : defaults.flags);
    const composition = offset(0x800);
    return { duration, composition, isSync: (own & NON_SYNC) === 0 };
  });
}

// One moof: when it begins to be decoded and its first sample is shown, and how long it is, in ticks; and its samples. Throws an Error that says what is not there.
function readMoof(bytes, moof) {
  const traf = need(bytes, 'traf', moof);
  const tfdt = need(bytes, 'tfdt', traf);
  const begins = bytes[tfdt.from] === 1 ? Number(bytes.readBigUInt64BE(tfdt.from + 4)) : bytes.readUInt32BE(tfdt.from + 4);
  const samples = samplesOf(bytes, need(bytes, 'trun', traf), defaultsOf(bytes, need(bytes, 'tfhd', traf)));
  return { begins, shown: begins + (samples[0]?.composition ?? 0), samples, duration: samples.reduce((total, one) => total + one.duration, 0) };
}

const NTP_EPOCH_MS = Date.UTC(1900, 0, 1);

// What prft says, in front of moof: when, in milliseconds of 1970, the media time of which track. Null where there is none. ISO/IEC 14496-12 §8.16.5
export function producerTimeOf(bytes) {
  const box = find(bytes, 'prft');
  if (!box || box.from > (find(bytes, 'moof')?.from ?? 0)) return null;
  const ntp = bytes.readUInt32BE(box.from + 8) + bytes.readUInt32BE(box.from + 12) / 2 ** 32;
  return { at: NTP_EPOCH_MS + 1e3 * ntp, mediaTime: Number(bytes[box.from] === 1 ? bytes.readBigUInt64BE(box.from + 16) : bytes.readUInt32BE(box.from + 16)) };
}

export function readFragments(bytes) {
  const found = [];
  for (const box of boxes(bytes)) if (box.type === 'moof') found.push(readMoof(bytes, box));
  if (found.length === 0) throw new Error('no moof');
  return found;
}
