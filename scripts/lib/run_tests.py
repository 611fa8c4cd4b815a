"""Installs what is missing, builds, and runs every test: the last line is `N passed, N failed, N skipped`.

stages, in order:
  build      release build, everything, and the page                  build/
  release    unit, property, scenario, fuzz replay, simulation, tidy, the playlist linter's own tests  (meson test)
  interop    srt-live-transmit, ffmpeg and GStreamer as strangers     tests/interop
  run        ./scripts/run as a user would, clear, encrypted, DPDK
  packager   fanlight-packager beside ffmpeg and other strangers, of files and live   tests/packager
  asan       release without DPDK, under ASan and UBSan, DCHECKs on   build-asan/
  tsan       three workers on three threads, the packager's threads   build-tsan/
  e2e        the real daemon, sockets and namespaces, crowds          tests/e2e
  browser    Chromium watches through the page, across what befalls a stream   tests/browsers
  browsers   every browser and player, in its place with --browsers   tests/browsers

While interop, run and packager wait for streams, the sanitizers' builds take what they leave of the processors.

examples:
  ./scripts/test
  ./scripts/test --only release        one stage (may be given more than once)
  ./scripts/test --skip interop
  ./scripts/test --browsers            every browser and player
"""
from __future__ import annotations

import argparse
import contextlib
import operator
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import relay  # noqa: E402
import setup  # noqa: E402
from processes import dies_with_us  # noqa: E402

STAGES = ("build", "release", "interop", "run", "packager", "asan", "tsan", "e2e", "browser", "browsers")
WAITING = ("interop", "run", "packager")  # They take a fraction of the processors.
ASAN_TARGETS = ("dataplane/unit_tests", "tests/property/property_tests", "tests/scenario/scenario", "tests/sim/simrun",
                "controlplane/control_tests", "hls-packager/packager_tests", "hls-packager/packager_service_tests")
FIRST_HTTP_PORT = 18_080
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
    is_page_built = setup.build_page(directory)
    total.add(1 + is_page_built, int(not is_page_built), 0)


def stage_release(total: Total) -> None:
    meson_tests(setup.ROOT / "build", total, "--num-processes", "2")


def scenarios() -> list[str]:
    return [f"scenario-{script.stem}" for script in sorted((setup.ROOT / "tests" / "scenario" / "srt").glob("*.srt"))]


@dataclass(frozen=True)
class SanitizerBuild:
    directory: Path
    targets: tuple[str, ...]
    options: tuple[str, ...]

    def configure(self) -> None:
        # -O1 without debug information: half the time to compile, and reports still name their functions.
        configure(self.directory, "--buildtype=plain", "-Doptimization=1", "-Ddpdk=disabled", "-Ddchecks=true", *self.options)

    def build(self) -> None:
        self.configure()
        if not build(self.directory, *self.targets):
            raise setup.SetupError(f"the build in {self.directory.name}/ failed; the compiler's words are above")


# Fuzz replays and tools have had their turn in the release build.
SANITIZERS = {"asan": SanitizerBuild(setup.ROOT / "build-asan", ASAN_TARGETS, ("-Db_sanitize=address,undefined", "-Dsim_seeds=40")),
              "tsan": SanitizerBuild(setup.ROOT / "build-tsan", ("tests/threads/threads", "hls-packager/packager_service_tests"), ("-Db_sanitize=thread",))}


class BuildsAhead:
    """A context: builds, one after the other, that run only where a processor is idle, so that what is timed beside them
    does not notice. Whoever needs one builds the rest of it in the foreground, and hears what the compiler says."""

    def __init__(self, builds: list[SanitizerBuild]) -> None:
        self._builds = builds
        self._ninja: subprocess.Popen | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "BuildsAhead":
        for one in self._builds:
            one.configure()
        self._thread.start()
        return self

    def __exit__(self, *_exception) -> None:
        """Ends it where it stands: ninja keeps what is compiled and lets go of the rest."""
        self._over.set()
        while self._thread.is_alive():
            if self._ninja is not None and self._ninja.poll() is None:
                self._ninja.send_signal(signal.SIGINT)
            self._thread.join(0.5)

    def _run(self) -> None:
        die, idle = dies_with_us(), os.sched_param(0)

        def prepare() -> None:
            die()
            os.sched_setscheduler(0, os.SCHED_IDLE, idle)

        for one in self._builds:
            if self._over.is_set():
                return
            self._ninja = subprocess.Popen(["ninja", "-C", str(one.directory), "--quiet", *one.targets], stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                           preexec_fn=prepare)
            # Kernels that group by session weigh the groups first.
            with contextlib.suppress(OSError):
                Path(f"/proc/{self._ninja.pid}/autogroup").write_text("19")
            self._ninja.wait()


def stage_asan(total: Total) -> None:
    SANITIZERS["asan"].build()
    os.environ.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
    names = ("unit", "control", "packager", "packager_service", "property", "sim", "sim-24h", "sim-born", "sim-rekey", "sim-rekey-hurt", *scenarios())
    meson_tests(SANITIZERS["asan"].directory, total, "--num-processes", "2", "--timeout-multiplier", "5", *names)


def stage_tsan(total: Total) -> None:
    SANITIZERS["tsan"].build()
    os.environ.setdefault("TSAN_OPTIONS", f"halt_on_error=1:suppressions={setup.ROOT / 'tests' / 'threads' / 'tsan.supp'}")
    meson_tests(SANITIZERS["tsan"].directory, total, "--timeout-multiplier", "5", "threads", "packager_service")


def stage_interop(total: Total) -> None:
    counted_script(total, str(setup.ROOT / "tests" / "interop" / "interop.py"))


def stage_packager(total: Total) -> None:
    for script in ("packager.py", "live.py", "strangers.py"):
        counted_script(total, str(setup.ROOT / "tests" / "packager" / script))


def stage_e2e(total: Total) -> None:
    counted_script(total, str(setup.ROOT / "tests" / "e2e" / "e2e.py"))


def browser_scripts(total: Total, *words: str) -> None:
    for script in ("page.py", "browsers.py", "lifecycle.py"):
        counted_script(total, str(setup.ROOT / "tests" / "browsers" / script), *words)


def stage_browser(total: Total) -> None:
    browser_scripts(total, "--quick")


def stage_browsers(total: Total) -> None:
    setup.install(setup.BROWSER_PACKAGES)
    browser_scripts(total)
    counted_script(total, str(setup.ROOT / "tests" / "browsers" / "encrypted.py"))
    counted_script(total, str(setup.ROOT / "tests" / "packager" / "storms.py"))  # Here: it wants a machine that does nothing else.


def stage_run(total: Total) -> None:
    variants = [[], ["--encrypt", "--ipv6"], ["--rtp"], ["--workers", "2"]]
    if os.geteuid() == 0:
        variants += [["--port", "ethernet"], ["--port", "ethernet", "--workers", "2"],
                     ["--port", "ethernet", "--ipv6", "--encrypt", "--driver", "net_af_xdp"]]
    else:
        print("skip run --port ethernet  needs root for a veth pair and a namespace")
        total.add(0, 0, 3)
    # The first keeps the port that the example names.
    ports = [["--http-port", str(FIRST_HTTP_PORT + number)] +
             (["--udp-port", str(relay.free_udp_port())] if number else []) for number in range(len(variants))]
    with ThreadPoolExecutor(2) as pool:
        for variant, (status, said) in zip(variants, pool.map(run_live, map(operator.add, variants, ports))):
            say(f"./scripts/run --seconds 12 {' '.join(variant)}")
            print(f"{said}{'ok  ' if status == 0 else 'FAIL'} run {' '.join(variant)}", flush=True)
            total.add(int(status == 0), int(status != 0), 0)


def run_live(variant: list[str]) -> tuple[int, str]:
    """Exit status and report; all that it said when it failed."""
    argv = [str(setup.ROOT / "scripts" / "run"), "--no-build", "--seconds", "12", "--json", *variant]
    done = subprocess.run(argv, capture_output=True, text=True)
    return done.returncode, done.stdout if done.returncode == 0 else done.stderr + done.stdout


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=STAGES, help="run this stage alone")
    parser.add_argument("--skip", action="append", choices=STAGES, default=[], help="leave this stage out")
    parser.add_argument("--browsers", action="store_true", help="every browser and player, not Chromium with hls.js alone")
    return parser.parse_args()


def perform(stages: list[str], total: Total) -> None:
    for stage in stages:
        say(stage)
        started = time.monotonic()
        globals()[f"stage_{stage}"](total)
        say(f"{stage}: {time.monotonic() - started:.0f} s; so far {total.line()}")


def wanted_stages(args: argparse.Namespace) -> list[str]:
    if args.only:
        return [stage for stage in STAGES if stage in args.only and stage not in args.skip]
    left_out = {*args.skip, "browser" if args.browsers else "browsers"}
    return [stage for stage in STAGES if stage not in left_out]


def main() -> int:
    args = parse_arguments()
    total = Total()
    try:
        setup.install(setup.BUILD_PACKAGES + setup.PEER_PACKAGES + setup.TEST_PACKAGES + setup.node_packages()
                      + setup.BROWSER_PACKAGES[:1])
        wanted = wanted_stages(args)
        perform([stage for stage in wanted if stage in ("build", "release")], total)
        with BuildsAhead([SANITIZERS[stage] for stage in wanted if stage in SANITIZERS]):
            perform([stage for stage in wanted if stage in WAITING], total)
        perform([stage for stage in wanted if stage in SANITIZERS or stage in ("e2e", "browser", "browsers")], total)
    except setup.SetupError as error:
        print(f"scripts/test: {error}", file=sys.stderr)
        total.add(0, 1, 0)
    print(total.line(), flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
