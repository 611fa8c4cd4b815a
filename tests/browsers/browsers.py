#!/usr/bin/env python3
"""Real browsers watch a live stream through relay and packager, and read off each picture how old it is. Prints one line per
case and the counts last.

Both legs of SRT have 20 ms of latency; 30 pictures a second, an IDR picture each second, parts of 200 ms. From the encoder's
door to the glass: p50 and p95 over the second half of the run.

examples:
  tests/browsers/browsers.py                     every browser and player
  tests/browsers/browsers.py --quick             Chromium with hls.js and dash.js, for a short while
  tests/browsers/browsers.py --only dash --json
"""
from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
import packager as packagers  # noqa: E402
import relay as relays  # noqa: E402
import setup  # noqa: E402
from clients import Target, ffmpeg_url  # noqa: E402
from processes import Processes, stop_on_signals, wait_until  # noqa: E402
from testing import Results, Skip, arguments, claim  # noqa: E402

HERE = Path(__file__).resolve().parent
STREAM = "live/main"
FPS = 30
SETTLING_S = 3  # Until a player has begun.


@dataclass(frozen=True)
class Case:
    browser: str
    player: str
    p50_ms: int
    p95_ms: int
    seconds: int = 30
    stalls: int = 0

    @property
    def name(self) -> str:
        return f"{self.browser}/{self.player}"


CASES = (Case("chromium", "hls", 950, 1050, 60), Case("chromium", "dash", 700, 800), Case("chromium", "shaka", 750, 850, stalls=2),
         Case("firefox", "hls", 1050, 1150), Case("webkit", "hls", 1050, 1150))
# Among all the other tests: that it plays, without a player's complaint and soon. How far behind, a machine says that does nothing else.
QUICK = (Case("chromium", "hls", 2000, 3000, 15, stalls=1), Case("chromium", "dash", 2000, 3000, 15, stalls=1))
BROWSERS = {"chromium": "/usr/bin/chromium", "firefox": "/usr/bin/firefox-esr", "webkit": "/usr/bin/WebKitWebDriver"}


class Stage:
    """A relay, a packager, and a source whose pictures are numbered."""

    def __init__(self, args, processes: Processes, work: Path) -> None:
        self.modules = setup.install_modules(HERE, args.build_dir / "browsers")
        self._build, self._processes = args.build_dir, processes
        port = relays.free_udp_port()
        target = Target(f"127.0.0.1:{port}", STREAM, latency_ms=20)
        configuration = relays.Configuration(listen=[target.address], streams=[relays.Stream(name=STREAM, latency_ms=20)])
        api = work / "relay" / "api.sock"
        relays.start(processes, args.build_dir, work, configuration.toml(api), api, None)
        words = ["node", str(HERE / "counted_source.mjs"), "--fps", str(FPS), "--gop", str(FPS), "--", "-f", "mpegts", ffmpeg_url(target, "publish")]
        self._source = processes.start("source", words)
        page = ["--page", str(args.page)] if args.page else []
        self.packager = packagers.start(processes, args.build_dir, [packagers.source_url(target), *page])
        claim(wait_until(lambda: self.packager.is_live(STREAM), 20), f"not live after 20 s: {self.packager.streams()}")

    def began_ms(self) -> int:
        return json.loads(self._source.log.read_text().splitlines()[0])["t0"]

    def has_dash(self) -> bool:
        return any(one["name"] == STREAM and one.get("dash") for one in self.packager.streams())

    def watch(self, case: Case) -> dict:
        argv = ["node", str(HERE / "watch.mjs"), "--modules", str(self.modules), "--browser", case.browser, "--player", case.player,
                "--base", self.packager.base, "--name", STREAM, "--t0", str(self.began_ms()), "--fps", str(FPS), "--seconds", str(case.seconds)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=case.seconds + 60)
        claim(done.returncode == 0, f"watch.mjs: {done.stderr.strip()[-800:]}")
        return json.loads(done.stdout.splitlines()[-1])


def judge(case: Case, seen: dict) -> str:
    told = (f"glass {seen['glass_p50_ms']} ms, p95 {seen['glass_p95_ms']} ms, by dates {seen['playing_date_p50_ms']} ms, first picture "
            f"{seen['first_picture_ms']} ms, {seen['stalls']} stalls, {seen['dropped']} dropped of {seen['pictures']}, {seen['browser']}")
    claim(not seen["errors"], f"the player complains of {seen['errors'][:4]}; {told}")
    claim(seen["pictures"] >= 0.8 * FPS * (case.seconds - SETTLING_S), f"{seen['pictures']} pictures in {case.seconds} s; {seen['said']}")
    claim(seen["unreadable"] == 0 and seen["back_steps"] == 0, f"{seen['unreadable']} pictures without a number, {seen['back_steps']} steps back")
    claim(seen["stalls"] <= case.stalls, told)
    claim(seen["glass_p50_ms"] <= case.p50_ms and seen["glass_p95_ms"] <= case.p95_ms, f"wanted {case.p50_ms} and {case.p95_ms} ms: {told}")
    return told


def run(case: Case, stage: Stage, seen: dict) -> str:
    if shutil.which(BROWSERS[case.browser]) is None:
        raise Skip(f"{BROWSERS[case.browser]} is not installed")
    claim(case.player != "dash" or stage.has_dash(), "the packager offers no DASH of a live stream")
    seen[case.name] = stage.watch(case)
    return judge(case, seen[case.name])


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--quick", action="store_true", help="Chromium with hls.js and dash.js, 15 s each")
    parser.add_argument("--json", action="store_true", help="the numbers as one JSON object before the counts")
    parser.add_argument("--page", type=Path, help="the page's folder (default: where scripts/page.sh puts it)")
    args = parser.parse_args()
    stop_on_signals()
    results, seen = Results(), {}
    cases = [case for case in (QUICK if args.quick else CASES) if args.only.search(case.name)]
    with tempfile.TemporaryDirectory(prefix="fanlight-browsers-") as directory, Processes(Path(directory)) as processes:
        stages: list[Stage] = []
        results.run("stage", lambda: stages.append(Stage(args, processes, Path(directory))))
        for case in cases if stages else []:
            results.run(case.name, lambda case=case: run(case, stages[0], seen))
    if args.json:
        print(json.dumps(seen))
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
