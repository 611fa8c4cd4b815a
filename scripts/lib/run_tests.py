"""Installs what is missing, builds, and runs every test: the last line is `N passed, N failed, N skipped`.

stages, in order:
  build      release build, everything                                build/
  release    unit, property, scenario, fuzz replay, simulation, tidy  (meson test)
  asan       the same without DPDK, under ASan and UBSan, DCHECKs on  build-asan/
  tsan       three workers on three threads, under TSan               build-tsan/
  interop    srt-live-transmit, ffmpeg and GStreamer as strangers     tests/interop
  e2e        the real daemon, sockets and namespaces                  tests/e2e
  run        ./scripts/run as a user would, clear, encrypted, DPDK

examples:
  ./scripts/test
  ./scripts/test --only release        one stage (may be given more than once)
  ./scripts/test --skip interop
"""
from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import setup  # noqa: E402

STAGES = ("build", "release", "asan", "tsan", "interop", "e2e", "run")
ASAN_TARGETS = ("dataplane/unit_tests", "tests/property/property_tests", "tests/scenario/scenario", "tests/sim/simrun",
                "controlplane/control_tests")
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)


class Total:
    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = 0

    def add(self, passed: int, failed: int, skipped: int) -> None:
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def line(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def say(text: str) -> None:
    print(f"== {text}", flush=True)


def configure(directory: Path, *options: str) -> None:
    if (directory / "build.ninja").exists():
        return
    env = dict(os.environ)
    if shutil.which("ccache") and "CXX" not in env:
        env["CXX"] = "ccache g++"
    subprocess.run(["meson", "setup", str(directory), str(setup.ROOT), *options], check=True, env=env,
                   stdout=subprocess.DEVNULL)


def build(directory: Path, *targets: str) -> bool:
    return subprocess.run(["ninja", "-C", str(directory), "--quiet", *targets]).returncode == 0


def count_junit(report: Path) -> tuple[int, int, int]:
    passed = failed = skipped = 0
    for case in xml.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def meson_tests(directory: Path, total: Total, *options: str) -> None:
    report = directory / "meson-logs" / "testlog.junit.xml"
    report.unlink(missing_ok=True)
    status = subprocess.run(["meson", "test", "-C", str(directory), "--no-rebuild", "--print-errorlogs", *options]).returncode
    if not report.exists():
        total.add(0, 1, 0)
        return
    passed, failed, skipped = count_junit(report)
    # A crash or a time-out leaves no case of its own behind.
    total.add(passed, max(failed, 1) if status != 0 else failed, skipped)


def counted_script(total: Total, *argv: str) -> None:
    """Runs a script that closes with the counts; one that does not has failed."""
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    seen = ""
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        seen = line if COUNTS.match(line) else seen
    status = process.wait()
    counts = COUNTS.match(seen)
    passed, failed, skipped = map(int, counts.groups()) if counts else (0, 1, 0)
    total.add(passed, max(failed, 1) if status != 0 else failed, skipped)


def stage_build(total: Total) -> None:
    directory = setup.ROOT / "build"
    configure(directory, "--buildtype=release")
    if not build(directory):
        raise setup.SetupError("the release build failed; the compiler's words are above")
    total.add(1, 0, 0)


def stage_release(total: Total) -> None:
    meson_tests(setup.ROOT / "build", total, "--num-processes", "2")


def scenarios() -> list[str]:
    return [f"scenario-{script.stem}" for script in sorted((setup.ROOT / "tests" / "scenario" / "srt").glob("*.srt"))]


def stage_asan(total: Total) -> None:
    directory = setup.ROOT / "build-asan"
    # -O1 without debug information: half the time to compile, and reports still name their functions.
    configure(directory, "--buildtype=plain", "-Doptimization=1", "-Ddpdk=disabled", "-Ddchecks=true",
              "-Db_sanitize=address,undefined", "-Dsim_seeds=40")
    # Fuzz replays and tools have had their turn in the release build.
    if not build(directory, *ASAN_TARGETS):
        raise setup.SetupError("the sanitizer build failed; the compiler's words are above")
    os.environ.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
    names = ("unit", "control", "property", "sim", "sim-24h", *scenarios())
    meson_tests(directory, total, "--num-processes", "2", "--timeout-multiplier", "5", *names)


def stage_tsan(total: Total) -> None:
    directory = setup.ROOT / "build-tsan"
    configure(directory, "--buildtype=plain", "-Doptimization=1", "-Ddpdk=disabled", "-Ddchecks=true", "-Db_sanitize=thread")
    if not build(directory, "tests/threads/threads"):
        raise setup.SetupError("the thread sanitizer's build failed; the compiler's words are above")
    os.environ.setdefault("TSAN_OPTIONS", "halt_on_error=1")
    meson_tests(directory, total, "threads")


def stage_interop(total: Total) -> None:
    counted_script(total, str(setup.ROOT / "tests" / "interop" / "interop.py"))


def stage_e2e(total: Total) -> None:
    counted_script(total, str(setup.ROOT / "tests" / "e2e" / "e2e.py"))


def stage_run(total: Total) -> None:
    variants = [[], ["--encrypt", "--ipv6"], ["--workers", "2"]]
    if os.geteuid() == 0:
        variants += [["--port", "ethernet"], ["--port", "ethernet", "--workers", "2"],
                     ["--port", "ethernet", "--ipv6", "--encrypt", "--driver", "net_af_xdp"]]
    else:
        print("skip run --port ethernet  needs root for a veth pair and a namespace")
        total.add(0, 0, 3)
    for variant in variants:
        say(f"./scripts/run --seconds 12 {' '.join(variant)}")
        argv = [str(setup.ROOT / "scripts" / "run"), "--no-build", "--seconds", "12", "--json", *variant]
        status = subprocess.run(argv, stderr=subprocess.DEVNULL).returncode
        print(f"{'ok  ' if status == 0 else 'FAIL'} run {' '.join(variant)}")
        total.add(int(status == 0), int(status != 0), 0)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=STAGES, help="run this stage alone")
    parser.add_argument("--skip", action="append", choices=STAGES, default=[], help="leave this stage out")
    return parser.parse_args()


def main() -> int:
    args = parse_arguments()
    total = Total()
    try:
        setup.install(setup.BUILD_PACKAGES + setup.PEER_PACKAGES + setup.TEST_PACKAGES)
        for stage in STAGES:
            if stage in args.skip or (args.only and stage not in args.only):
                continue
            say(stage)
            started = time.monotonic()
            globals()[f"stage_{stage}"](total)
            say(f"{stage}: {time.monotonic() - started:.0f} s; so far {total.line()}")
    except setup.SetupError as error:
        print(f"scripts/test: {error}", file=sys.stderr)
        total.add(0, 1, 0)
    print(total.line(), flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
