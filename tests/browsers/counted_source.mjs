#!/usr/bin/env node
// A live test stream whose pictures say when they were made: their number stands in a row of black and white boxes at the
// top, and picture n was handed to the encoder at t0 + n / fps. Writes what ffmpeg makes of it to the output that its
// arguments name, and `{"t0": …, "fps": …}` (milliseconds since 1970) as the first line on stderr.
//
//   counted_source.mjs [--seconds N] [--fps 30] [--gop 30] [--first N] [--size 640x360] [--codec libx264] [--bframes N] [--sounds 1]
//                      [--rate 48000] [--begins S] [--blind] [--larger URL] -- OUTPUT ARGUMENTS OF FFMPEG …
//   counted_source.mjs -- -f mpegts udp://127.0.0.1:5000
//
// --first is the first picture's number, --begins where timestamps begin; --blind has no pictures. --larger is where the same pictures go once
// more, in a frame of 960x540, from an encoder beside the first one.

import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

// A white box, a black one, then 16 bits from the least on. Wide enough to survive coding at a low rate.
const BOX = 32;
const BITS = 16;

// Luma from top to bottom; chroma says nothing.
function paint(frame, width, height, n) {
  frame.fill(128, width * height);
  for (let y = BOX; y < height; ++y) {
    const shade = 40 + ((y * 3 + n * 2) & 0x7f);
    frame.fill(shade, y * width, (y + 1) * width);
    const at = (n * 4 + y) % (width - 40);
    frame.fill(200, y * width + at, y * width + at + 40);
  }
  for (let box = 0; box < BITS + 2; ++box) {
    const isWhite = box === 0 || (box >= 2 && ((n >> (box - 2)) & 1) === 1);
    for (let y = 0; y < BOX; ++y) frame.fill(isWhite ? 235 : 16, y * width + box * BOX, y * width + (box + 1) * BOX);
  }
}

// Frames leave the encoder as they came, if none waits for a later one.
function encoder({ codec, gop, bframes }) {
  if (codec === 'libx265') return ['-c:v', codec, '-preset', 'ultrafast', '-tune', 'zerolatency', '-x265-params', `keyint=${gop}:min-keyint=${gop}:scenecut=0:open-gop=0:log-level=error`];
  const order = bframes > 0 ? ['-bf', String(bframes), '-b_strategy', '0', '-profile:v', 'high'] : ['-tune', 'zerolatency', '-profile:v', 'main'];
  return ['-c:v', codec, '-preset', 'veryfast', ...order, '-g', String(gop), '-keyint_min', String(gop), '-sc_threshold', '0'];
}

function ffmpegArguments(wanted, output) {
  const { fps, size, sounds, rate, begins, blind, larger } = wanted;
  const quiet = ['-hide_banner', '-nostdin', '-loglevel', 'error'];
  const pictures = ['-probesize', '32', '-analyzeduration', '0', '-fflags', 'nobuffer', '-thread_queue_size', '64',
    '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', size, '-r', String(fps), '-i', 'pipe:3'];
  const tones = Array.from({ length: sounds }, (_, i) => ['-re', '-f', 'lavfi', '-i', `sine=frequency=${440 * (i + 1)}:sample_rate=${rate}`]).flat();
  const inputs = sounds + (blind ? 0 : 1);
  const maps = Array.from({ length: inputs }, (_, i) => ['-map', String(i)]).flat();
  const languages = Array.from({ length: sounds }, (_, i) => [`-metadata:s:a:${i}`, `language=${['eng', 'deu', 'fra'][i]}`]).flat();
  const video = [...encoder(wanted), '-pix_fmt', 'yuv420p', '-b:v', '1200k', '-maxrate', '1500k', '-bufsize', '600k'];
  const sound = ['-c:a', 'aac', '-b:a', '96k', ...languages];
  const coded = [...maps, ...(blind ? [] : video), ...(sounds > 0 ? sound : []), '-output_ts_offset', begins, '-flush_packets', '1'];
  const second = larger ? [...coded, '-vf', 'pad=960:540', '-f', 'mpegts', larger] : [];  // The boxes stay where they are.
  return [...quiet, ...(blind ? [] : pictures), ...tones, ...coded, ...output, ...second];
}

function wishes() {
  const text = (value) => ({ type: 'string', default: value });
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: text('0'), fps: text('30'), gop: text('30'), first: text('0'), size: text('640x360'), codec: text('libx264'), bframes: text('0'),
      sounds: text('1'), rate: text('48000'), begins: text('0'), larger: text(''), blind: { type: 'boolean', default: false },
    },
  });
  const numbers = Object.fromEntries(['seconds', 'fps', 'gop', 'first', 'bframes', 'sounds'].map((name) => [name, Number(values[name])]));
  return { wanted: { ...values, ...numbers }, output: positionals };
}

function main() {
  const { wanted, output } = wishes();
  const { fps, first, seconds, blind } = wanted;
  const [width, height] = wanted.size.split('x').map(Number);
  const last = seconds > 0 ? seconds * fps : Infinity;
  const ffmpeg = spawn('ffmpeg', ffmpegArguments(wanted, output), { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  const stop = () => ffmpeg.kill('SIGTERM');
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  ffmpeg.on('exit', (code) => process.exit(code ?? 0));
  if (blind) return;
  const pipe = ffmpeg.stdio[3];
  pipe.on('error', () => {});
  const frame = Buffer.alloc(width * height * 3 / 2);
  const t0 = Date.now() + 500;  // ffmpeg is up by then.
  let n = 0;
  const step = () => {
    for (; n < last && Date.now() >= t0 + (n * 1000) / fps; ++n) {
      // Nobody drains it: what was made is gone, its number too.
      if (pipe.writableLength > 4 * frame.length) continue;
      paint(frame, width, height, (first + n) % (1 << BITS));
      pipe.write(Buffer.from(frame));
    }
    if (n >= last) pipe.end();
    else setTimeout(step, Math.max(0, t0 + (n * 1000) / fps - Date.now()));
  };
  step();
  process.stderr.write(`${JSON.stringify({ t0, fps })}\n`);
}

if (process.argv[1] === new URL(import.meta.url).pathname) main();
