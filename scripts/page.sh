#!/usr/bin/env bash
# Builds the page to watch: what hls-packager/page/src says and the packages that its package-lock.json pins, into static files.
# Installs what it needs beside the result, never into the source tree; does nothing when nothing has changed.
#
#   scripts/page.sh                 into build/hls-packager/page/dist, where build/hls-packager/fanlight-packager finds it
#   scripts/page.sh DIRECTORY       into DIRECTORY/dist
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
  exit 0
fi
source_dir=$here/hls-packager/page
out=${1:-$here/build/hls-packager/page}
for program in node npm; do
  if ! command -v "$program" >/dev/null; then
    echo "scripts/page.sh: there is no $program: apt-get install nodejs npm" >&2
    exit 1
  fi
done
mkdir -p "$out"
out=$(cd "$out" && pwd)

# Tarballs are asked for by their names and checked against the lock's hashes.
lock=$(sha256sum "$source_dir"/package.json "$source_dir"/package-lock.json | sha256sum)
if [[ $(cat "$out/modules.sum" 2>/dev/null) != "$lock" ]]; then
  cp "$source_dir"/package.json "$source_dir"/package-lock.json "$out"
  (cd "$out" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --loglevel=error >&2)
  echo "$lock" >"$out/modules.sum"
fi
sources=$(cd "$source_dir" && find build.mjs src package-lock.json -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
if [[ $(cat "$out/dist.sum" 2>/dev/null) != "$sources" || ! -e $out/dist/index.html ]]; then
  # From beside the packages: that is where Node looks for them.
  cp "$source_dir/build.mjs" "$out/build.mjs"
  FANLIGHT_PAGE_SOURCE=$source_dir FANLIGHT_PAGE_MODULES=$out/node_modules node "$out/build.mjs" "$out/dist"
  echo "$sources" >"$out/dist.sum"
fi
