// What the renditions of one presentation are to each other: variants are cut together, so that a number is the same media in
// all of them, and all count the same discontinuities. draft-pantos-hls-rfc8216bis-22 §6.2.4

export const VARIANT_RULE = 'H-63';

const EDGE = 0.5e6;  // So far, in microseconds, sound and pictures may end apart in front of a discontinuity.

// Each with the discontinuities before it.
function counted({ segments, discontinuitySequence }) {
  let before = discontinuitySequence;
  return segments.map((segment) => ({ segment, before: before += segment.discontinuity ? 1 : 0 }));
}
// A gap also has what is missing in front of it.
const isThere = ({ segment }) => !segment.gap;

// `playlists`: of pictures, whole, as they were at one time. `frame`: microseconds. Gives { place, line, text }, place the playlist's.
export function judgeVariants(playlists, frame) {
  const firsts = new Map();
  const found = [];
  for (const [place, playlist] of playlists.entries())
    for (const { segment: { msn, date: said, line }, before } of counted(playlist).filter(isThere)) {
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

// Where dates go back behind a discontinuity: what is of a time from `to` to `from` is in two places. `msn`: the first behind it.
function stepsBack(spans) {
  const steps = [];
  let [last, from, to] = [null, -Infinity, Infinity];
  for (const one of spans) {
    to = Math.min(to, one.begins);
    if (isThere(one)) {
      if (last !== null && one.begins < last.ends - EDGE) {
        steps.push({ from, to, msn: one.segment.msn });
        from = -Infinity;
      }
      [last, to] = [one, Infinity];
    }
    from = Math.max(from, one.ends);
  }
  return steps;
}

// When each segment is, with its playlist's steps.
function dated(playlist) {
  const spans = counted(playlist).filter(({ segment }) => segment.date).map((one) => {
    const begins = Date.parse(one.segment.date.value) * 1e3;
    return { ...one, begins, ends: begins + one.segment.duration };
  });
  const steps = stepsBack(spans);
  return spans.filter(isThere).map((one) => ({ ...one, steps }));
}

// -1: it is before that step, 1: behind it, 0: nobody knows, as its playlist does not have the step (yet, or any more).
function sideOf({ segment, begins, ends, steps }, step) {
  const own = steps.filter(({ from, to }) => Math.abs(from - step.from) <= EDGE && Math.abs(to - step.to) <= EDGE);
  if (own.length > 0) return own.length > 1 ? 0 : segment.msn < own[0].msn ? -1 : 1;
  return ends <= step.to + EDGE ? -1 : begins >= step.from - EDGE ? 1 : 0;
}

const isOnOneSide = (one, other) => [...one.steps, ...other.steps].every((step) => sideOf(one, step) !== 0 && sideOf(one, step) === sideOf(other, step));

// Sound may be cut and numbered on its own: it is compared by date, where most of a segment is at the time of one of `pictures`;
// without any, of the first sound; where dates go back, before and behind that apart. Gives { place, line, text }, place the sound's.
export function judgeSound(sounds, pictures) {
  const others = (pictures.length > 0 ? pictures : sounds.slice(0, 1)).flatMap(dated);
  const found = [];
  for (const [place, playlist] of sounds.entries())
    for (const its of dated(playlist)) {
      const { segment, before, begins, ends } = its;
      const least = Math.max(EDGE, (ends - begins) / 2);
      const same = others.filter((one) => Math.min(ends, one.ends) - Math.max(begins, one.begins) > least && isOnOneSide(its, one));
      if (same.length > 0 && same.every((one) => one.before !== before))
        found.push({ place, line: segment.line, text: `segment ${segment.msn} is behind ${before} discontinuities, and ${same[0].before} in the ${pictures.length > 0 ? 'pictures' : 'other sound'} of its time` });
    }
  return found;
}
