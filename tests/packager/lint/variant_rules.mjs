// What the variants of one presentation are to each other: cut together, so that a number is the same media in all of them.

export const VARIANT_RULE = 'H-63';

// `playlists`: of pictures, as they were at one time. `frame`: microseconds. Gives { place, line, text }, place the playlist's.
export function judgeVariants(playlists, frame) {
  const dates = new Map();
  const found = [];
  for (const [place, playlist] of playlists.entries())
    for (const one of playlist.segments.filter((segment) => segment.date && !segment.gap)) {  // A gap also has what is missing in front of it.
      const date = Date.parse(one.date.value) * 1e3;
      const other = dates.get(one.msn) ?? date;
      if (Math.abs(other - date) > frame) found.push({ place, line: one.date.line, text: `segment ${one.msn} begins ${((date - other) / 1e6).toFixed(3)} s from where it does in another variant` });
      dates.set(one.msn, other);
    }
  const numbers = playlists.map((one) => one.segments.map((segment) => segment.msn));
  const isApart = numbers.some((one) => Math.min(...one) > Math.max(...numbers[0]) || Math.max(...one) < Math.min(...numbers[0]));
  if (isApart) found.push({ place: 0, line: 1, text: `no number is in all variants: ${numbers.map((one) => `${one[0]} to ${one.at(-1)}`).join(', ')}` });
  return found;
}
