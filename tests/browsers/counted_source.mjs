#!/usr/bin/env node
// A live test stream whose pictures say when they were made: their number stands in a row of black and white boxes at the
// top, and picture n was handed to the encoder at t0 + n / fps. Writes what ffmpeg makes of it to the output that its
// arguments name, and `{"t0": …, "fps": …}` (milliseconds since 1970) as the first line on stderr.
//
//   counted_source.mjs [--seconds N] [--fps 30] [--gop 30] [--silent] -- OUTPUT ARGUMENTS OF FFMPEG …
//   counted_source.mjs -- -f mpegts udp://127.0.0.1:5000

import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

export const WIDTH = 640;
export const HEIGHT = 360;
// A white box, a black one, then 16 bits from the least on. Wide enough to survive coding at a low rate.
export const BOX = 32;
export const BITS = 16;

// Luma from top to bottom; chroma says nothing.
function paint(frame, n) {
  frame.fill(128, WIDTH * HEIGHT);
  for (let y = BOX; y < HEIGHT; ++y) {
    const shade = 40 + ((y * 3 + n * 2) & 0x7f);
    frame.fill(shade, y * WIDTH, (y + 1) * WIDTH);
    const at = (n * 4 + y) % (WIDTH - 40);
    frame.fill(200, y * WIDTH + at, y * WIDTH + at + 40);
  }
  for (let box = 0; box < BITS + 2; ++box) {
    const isWhite = box === 0 || (box >= 2 && ((n >> (box - 2)) & 1) === 1);
    for (let y = 0; y < BOX; ++y) frame.fill(isWhite ? 235 : 16, y * WIDTH + box * BOX, y * WIDTH + (box + 1) * BOX);
  }
}

function ffmpegArguments({ fps, gop, silent }, output) {
  const quiet = ['-hide_banner', '-nostdin', '-loglevel', 'error'];
  const pictures = ['-probesize', '32', '-analyzeduration', '0', '-fflags', 'nobuffer', '-thread_queue_size', '64',
    '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${WIDTH}x${HEIGHT}`, '-r', String(fps), '-i', 'pipe:3'];
  const sound = ['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'];
  const video = ['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-profile:v', 'main', '-pix_fmt', 'yuv420p', '-b:v', '1200k',
    '-maxrate', '1500k', '-bufsize', '600k', '-g', String(gop), '-keyint_min', String(gop), '-sc_threshold', '0'];
  return [...quiet, ...pictures, ...(silent ? [] : sound), ...video, ...(silent ? [] : ['-c:a', 'aac', '-b:a', '96k']), '-flush_packets', '1', ...output];
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '0' }, fps: { type: 'string', default: '30' }, gop: { type: 'string', default: '30' }, silent: { type: 'boolean', default: false } },
  });
  const fps = Number(values.fps);
  const last = Number(values.seconds) > 0 ? Number(values.seconds) * fps : Infinity;
  const ffmpeg = spawn('ffmpeg', ffmpegArguments({ ...values, fps }, positionals), { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  const stop = () => ffmpeg.kill('SIGTERM');
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  ffmpeg.on('exit', (code) => process.exit(code ?? 0));
  const pipe = ffmpeg.stdio[3];
  pipe.on('error', () => {});
  const frame = Buffer.alloc(WIDTH * HEIGHT * 3 / 2);
  const t0 = Date.now() + 500;  // ffmpeg is up by then.
  let n = 0;
  const step = () => {
    for (; n < last && Date.now() >= t0 + (n * 1000) / fps; ++n) {
      // Nobody drains it: what was made is gone, its number too.
      if (pipe.writableLength > 4 * frame.length) continue;
      paint(frame, n % (1 << BITS));
      pipe.write(Buffer.from(frame));
    }
    if (n >= last) pipe.end();
    else setTimeout(step, Math.max(0, t0 + (n * 1000) / fps - Date.now()));
  };
  step();
  process.stderr.write(`${JSON.stringify({ t0, fps })}\n`);
}

if (process.argv[1] === new URL(import.meta.url).pathname) main();
