#!/usr/bin/env bash
# Runs every libFuzzer target for a while, starting from its corpus.
set -euo pipefail

usage() {
  cat <<'HELP'
usage: scripts/fuzz.sh [SECONDS]

Builds the fuzz targets with clang, address and undefined-behaviour sanitizers into
build-fuzz, runs each for SECONDS (default 60) and prints one line per target.
New inputs are kept under build-fuzz/found/<target>, crashing ones and their logs
under build-fuzz/crashes. Exits 1 when a target crashed.
HELP
}

seconds=60
case "${1:-}" in
  -h | --help) usage; exit 0 ;;
  '') ;;
  *[!0-9]*) usage >&2; exit 2 ;;
  *) seconds=$1 ;;
esac

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build-fuzz
cd "$root"

if [[ ! -f $build/build.ninja ]]; then
  # The code under test is instrumented too: fuzzer-no-link counts its edges. clang's sanitizer runtimes do not link
  # with --no-undefined, hence b_lundef.
  log=$(CC=clang CXX=clang++ meson setup "$build" -Dfuzz=true -Ddpdk=disabled -Ddchecks=true --buildtype=debugoptimized \
    -Db_sanitize=address,undefined -Db_lundef=false -Dcpp_args=-fsanitize=fuzzer-no-link 2>&1) || {
    echo "$log" >&2
    exit 1
  }
fi
mapfile -t targets < <(sed -n "/^fuzz_targets = {/,/^}/s/^  '\([a-z0-9_]*\)'.*/\1/p" tests/fuzz/meson.build)
log=$(ninja -C "$build" "${targets[@]/#/tests/fuzz/fuzz_}" 2>&1) || {
  tail -n 40 <<<"$log" >&2
  exit 1
}

mkdir -p "$build/crashes"
failed=0
for target in "${targets[@]}"; do
  found=$build/found/$target
  log=$build/crashes/$target.log
  mkdir -p "$found"
  if "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=1500 -print_final_stats=1 \
    -artifact_prefix="$build/crashes/$target-" "$found" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-20s ok       %s runs, %d new inputs\n' "$target" "$runs" "$(find "$found" -type f | wc -l)"
    rm "$log"
  else
    failed=1
    printf '%-20s CRASHED  see %s\n' "$target" "$log"
  fi
done
exit $failed
