// What mp4box finds in a segment: one track of the codec that was announced, whole samples, as long as was said, an IDR picture first.

const ROUNDING_S = 20e-6;  // Durations in playlists are rounded up to 10 us.

function parse(mp4box, bytes) {
  const file = mp4box.createFile();
  const errors = [];
  let info = null;
  file.onError = (...words) => errors.push(words.join(' '));
  file.onReady = (it) => { info = it; };
  const buffer = new Uint8Array(bytes).buffer;
  buffer.fileStart = 0;
  file.appendBuffer(buffer);
  file.flush();
  return { file, info, errors };
}

function* boxes(list) {
  for (const box of list) {
    yield box;
    yield* boxes(box.boxes ?? []);
  }
}

// `expected`: { codec, seconds, isVideo }. Gives what was found, and when it begins, in ticks of `scale`.
export function readSegment(mp4box, init, segment, expected) {
  const { file, info, errors } = parse(mp4box, Buffer.concat([init, segment]));
  const found = [...errors];
  if (!info || info.tracks.length !== 1) return { found: [...found, `${info?.tracks.length ?? 0} tracks`], begins: null };
  const [track] = info.tracks;
  for (const box of boxes(file.boxes)) if (box.has_unparsed_data) found.push(`${box.type} has more in it than it says`);
  const size = file.boxes.reduce((total, box) => total + box.size, 0);
  if (size !== init.length + segment.length) found.push(`boxes are ${size} B of ${init.length + segment.length} B`);
  if (track.codec.toLowerCase() !== expected.codec.toLowerCase()) found.push(`it is ${track.codec} for them, ${expected.codec} is announced`);
  const samples = file.getTrackSamplesInfo(track.id);
  const length = samples.reduce((total, sample) => total + sample.duration, 0) / track.timescale;
  if (expected.seconds !== undefined && Math.abs(length - expected.seconds) > ROUNDING_S) found.push(`samples are ${length} s long, ${expected.seconds} s is said`);
  if (expected.isVideo && !samples[0]?.is_sync) found.push('it does not begin with an independent picture');
  samples.forEach((sample, i) => { if (i > 0 && sample.dts !== samples[i - 1].dts + samples[i - 1].duration) found.push(`a hole before sample ${i}`); });
  return { found, begins: Math.min(...samples.map((sample) => sample.cts)), scale: track.timescale, samples: samples.length };
}
