// What the renditions of one presentation are to each other: variants are cut together, so that a number is the same media in
// all of them, and all count the same discontinuities. draft-pantos-hls-rfc8216bis-22 §6.2.4

export const VARIANT_RULE = 'H-63';

const EDGE = 0.5e6;  // So far, in microseconds, sound and pictures may end apart in front of a discontinuity.

// Those that are there, each with the discontinuities before it. A gap also has what is missing in front of it.
function counted({ segments, discontinuitySequence }) {
  let before = discontinuitySequence;
  const all = segments.map((segment) => ({ segment, before: before += segment.discontinuity ? 1 : 0 }));
  return all.filter(({ segment }) => !segment.gap);
}

// `playlists`: of pictures, whole, as they were at one time. `frame`: microseconds. Gives { place, line, text }, place the playlist's.
export function judgeVariants(playlists, frame) {
  const firsts = new Map();
  const found = [];
  for (const [place, playlist] of playlists.entries())
    for (const { segment: { msn, date: said, line }, before } of counted(playlist)) {
      if (!said) continue;
      const date = Date.parse(said.value) * 1e3;
      const first = firsts.get(msn) ?? { date, before };
      firsts.set(msn, first);
      if (Math.abs(first.date - date) > frame) found.push({ place, line: said.line, text: `segment ${msn} begins ${((date - first.date) / 1e6).toFixed(3)} s from where it does in another variant` });
      else if (first.before !== before) found.push({ place, line, text: `segment ${msn} is behind ${before} discontinuities, and ${first.before} in another variant` });
    }
  const numbers = playlists.map((one) => one.segments.map((segment) => segment.msn));
  const isApart = numbers.some((one) => Math.min(...one) > Math.max(...numbers[0]) || Math.max(...one) < Math.min(...numbers[0]));
  if (isApart) found.push({ place: 0, line: 1, text: `no number is in all variants: ${numbers.map((one) => `${one[0]} to ${one.at(-1)}`).join(', ')}` });
  return found;
}

// When each segment is. Nothing where dates go back behind a discontinuity: one date is two places then.
function dated(playlist) {
  const spans = counted(playlist).filter(({ segment }) => segment.date).map(({ segment, before }) => {
    const begins = Date.parse(segment.date.value) * 1e3;
    return { segment, before, begins, ends: begins + segment.duration };
  });
  return spans.some((one, i) => i > 0 && one.begins < spans[i - 1].ends - EDGE) ? [] : spans;
}

// Sound may be cut and numbered on its own: it is compared by date, where most of a segment is at the time of one of `pictures`;
// without any, of the first sound. Gives { place, line, text }, place the sound's.
export function judgeSound(sounds, pictures) {
  const others = (pictures.length > 0 ? pictures : sounds.slice(0, 1)).flatMap(dated);
  const found = [];
  for (const [place, playlist] of sounds.entries())
    for (const { segment, before, begins, ends } of dated(playlist)) {
      const least = Math.max(EDGE, (ends - begins) / 2);
      const same = others.filter((one) => Math.min(ends, one.ends) - Math.max(begins, one.begins) > least);
      if (same.length > 0 && same.every((one) => one.before !== before))
        found.push({ place, line: segment.line, text: `segment ${segment.msn} is behind ${before} discontinuities, and ${same[0].before} in the ${pictures.length > 0 ? 'pictures' : 'other sound'} of its time` });
    }
  return found;
}
