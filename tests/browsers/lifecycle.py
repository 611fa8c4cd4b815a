#!/usr/bin/env python3
"""Players in real browsers through what befalls a stream: its publisher goes and returns, another format, another clock, a track less,
a packager and a relay that die, packets that are lost, the end. They go on, with the pictures of who publishes now, or end, and stand
still nowhere. What is asked is progress and order: how long it takes may depend on the machine. Prints one line per case and the
counts last.

examples:
  tests/browsers/lifecycle.py                    every case, with every player
  tests/browsers/lifecycle.py --quick            one stream's life, Chromium with hls.js and dash.js
  tests/browsers/lifecycle.py --only relay
"""
from __future__ import annotations

import itertools
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
import packager as packagers  # noqa: E402
import relay as relays  # noqa: E402
import setup  # noqa: E402
from clients import Target, ffmpeg_url  # noqa: E402
from processes import Process, Processes, stop_on_signals, wait_until  # noqa: E402
from testing import Results, Skip, arguments, claim, require_tools  # noqa: E402

HERE = Path(__file__).resolve().parent
STREAM = "live/main"
RUN_BITS = 12  # Of a picture's number, the lowest; above them stands which run of the source it is of.
PATIENCE_S = 60  # For what takes a few seconds where nothing else runs.
FIRST_TLS_PORT = 8443
WRAP_S = 2 ** 33 / 90_000
BROWSERS = {"chromium": "/usr/bin/chromium", "firefox": "/usr/bin/firefox-esr", "webkit": "/usr/bin/WebKitWebDriver"}


class Followers:
    """Players that watch, and what follow.mjs has said of them so far."""

    def __init__(self, process: Process, out: Path, players: list[str]) -> None:
        self._process, self._out, self.players = process, out, players

    def seen(self, player: str) -> list[dict]:
        claim(self._process.running(), f"follow.mjs has gone: {self._process.log_tail(5)}")
        text = self._out.read_text()
        lines = [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]
        return [one for one in lines if one["player"] == player and "time" in one]

    def last(self, player: str) -> dict:
        return (self.seen(player) or [{}])[-1]

    def plays(self, player: str, run: int | None, since: float) -> bool:
        """For two seconds, all of them after `since`, forward: pictures of that run, or sound alone."""
        seen = [one for one in self.seen(player) if one["at"] > since]
        if not seen:
            return False
        late = [one for one in seen if one["at"] > seen[-1]["at"] - 2.5]
        first, last = late[0], late[-1]
        is_forward = last["at"] - first["at"] > 1.5 and last["time"] - first["time"] > 0.5 * (last["at"] - first["at"])
        if run is None:
            return is_forward
        return is_forward and first["run"] == last["run"] == run and last["pictures"] > first["pictures"] + 10 and last["unreadable"] == first["unreadable"]

    def play(self, run: int | None, *, unhurt: bool = False) -> str:
        """All of them do, soon. `unhurt`: hls.js without a fatal error. dash.js and shaka call a segment that is not there in its time fatal,
        and are made anew."""
        began = time.time()
        notes = []
        for player in self.players:
            claim(wait_until(lambda player=player: self.plays(player, run, began), PATIENCE_S, 0.25),
                  f"{player} does not play run {run}: {self.last(player)}")
            notes.append(f"{player} {time.time() - began:.1f} s")
            last = self.last(player)
            claim(not unhurt or player != "hls" or last["fatal"] == 0, f"{player} gave up: {last}")
        return ", ".join(notes)

    def went_on(self, since: float) -> None:
        """As if nothing had been: as many seconds were played as went by, forward, and nobody was made anew. dash.js may stall where the
        machine is busy."""
        for player in self.players:
            first, last = next(one for one in self.seen(player) if one["at"] > since), self.last(player)
            claim(all(first[what] == last[what] for what in ("backwards", "made", "fatal")), f"{player} does not go on: {first} {last}")
            stood_s = last["at"] - first["at"] - (last["time"] - first["time"])
            claim(abs(stood_s) < 2, f"{player} stands still, or jumps, for {stood_s:.1f} s")

    def stop(self) -> None:
        self._process.stop(signal.SIGTERM)

    def end(self) -> None:
        """What was there is played to its end, then it stands still."""
        for player in self.players:
            claim(wait_until(lambda player=player: self.last(player)["ended"], PATIENCE_S, 0.25), f"{player} does not end: {self.last(player)}")
            claim(player != "hls" or self.last(player)["fatal"] == 0, f"{player}: {self.last(player)}")


@dataclass
class Stage:
    """A relay, a packager behind it, a source whose pictures say of which run they are, players."""
    build: Path
    page: Path | None
    processes: Processes
    work: Path
    target: Target = field(init=False)
    runs: int = field(default=0)
    source: Process | None = None
    relay: relays.Relay | None = None
    packager: packagers.Packager | None = None

    def __post_init__(self) -> None:
        self.target = Target(f"127.0.0.1:{relays.free_udp_port()}", STREAM, latency_ms=20)
        self.bare = f"127.0.0.1:{relays.free_udp_port()}"
        self._port = packagers.free_port()

    def start_relay(self) -> None:
        configuration = relays.Configuration(listen=[self.target.address], streams=[relays.Stream(name=STREAM, latency_ms=20)])
        api = self.work / "relay" / "api.sock"
        self.relay = relays.start(self.processes, self.build, self.work, configuration.toml(api), api, None)

    def publish(self, *words: str, to: str | None = None) -> int:
        """The next run, to the relay or to a bare door. Gives its number."""
        run, self.runs = self.runs, self.runs + 1
        argv = ["node", str(HERE / "counted_source.mjs"), "--first", str(run << RUN_BITS), *words, "--", "-f", "mpegts"]
        self.source = self.processes.start(f"source{run}", [*argv, f"udp://{to}?pkt_size=1316" if to else ffmpeg_url(self.target, "publish")])
        return run

    def silence(self) -> None:
        self.source.stop(signal.SIGTERM)

    def package(self, *settings: str, source: str | None = None, tls: str | None = None) -> None:
        lines = ["[http]", f'tls_listen = ["{tls}"]'] if tls else []
        lines += ["[[stream]]", f'name = "{STREAM}"', f'source = "{source or packagers.source_url(self.target)}"', *settings]
        self._start(lines)

    def package_group(self, sources: list[str]) -> None:
        lines = [line for i, source in enumerate(sources) for line in ("[[stream]]", f'name = "{STREAM}-{i}"', f'source = "{source}"')]
        names = ", ".join(f'"{STREAM}-{i}"' for i in range(len(sources)))
        self._start([*lines, "[[group]]", f'name = "{STREAM}"', f"streams = [{names}]"])

    def _start(self, lines: list[str]) -> None:
        config = self.work / "packager.toml"
        config.write_text("\n".join(lines) + "\n")
        page = ["--page", str(self.page)] if self.page else []
        self.packager = packagers.start(self.processes, self.build, ["--config", str(config), *page], port=self._port,
                                       env={"XDG_STATE_HOME": str(self.work / "state")})  # The certificate is made there.

    def live(self) -> None:
        claim(wait_until(lambda: self.packager.is_live(STREAM), PATIENCE_S), f"not live: {self.packager.streams()} {self.packager.process.log_tail(5)}")

    def counted(self, fault: str) -> int:
        counted = re.search(rf'input_faults_total\{{[^}}]*kind="{fault}"[^}}]*\}} (\d+)', self.packager.get("/metrics")[1].decode())
        return int(counted[1]) if counted else 0

    def discontinuities(self) -> int:
        """Those that the playlist does not list any more, too."""
        playlist = self.packager.get(f"/live/{STREAM}/v0/index.m3u8")[1].decode()
        gone = re.search(r"#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)", playlist)
        return playlist.count("#EXT-X-DISCONTINUITY\n") + (int(gone[1]) if gone else 0)

    def follow(self, players: str, browser: str = "chromium", base: str | None = None, switch_s: float = 0) -> Followers:
        require_tools("node")
        if shutil.which(BROWSERS[browser]) is None:
            raise Skip(f"{BROWSERS[browser]} is not installed")
        modules = setup.install_modules(HERE, self.build / "browsers")
        out = self.work / "followers.out"
        with out.open("wb") as stdout:
            process = self.processes.start("followers", ["node", str(HERE / "follow.mjs"), "--modules", str(modules), "--browser", browser, "--players",
                                                         players, "--base", base or self.packager.base, "--name", STREAM, "--switch", str(switch_s)],
                                           stdout=stdout)
        return Followers(process, out, players.split(","))

    def begin(self, players: str, *words: str, settings: tuple[str, ...] = (), browser: str = "chromium") -> Followers:
        """Through the relay, until all play."""
        self.start_relay()
        run = self.publish(*words)
        self.package(*settings)
        self.live()
        followers = self.follow(players, browser)
        followers.play(run, unhurt=True)
        return followers

    def begin_bare(self, players: str, *words: str) -> Followers:
        """From a bare stream: who sends changes, and nobody is told."""
        run = self.publish(*words, to=self.bare)
        self.package(source=f"udp://{self.bare}")
        self.live()
        followers = self.follow(players)
        followers.play(run, unhurt=True)
        return followers


# --- cases

def a_life(stage: Stage) -> str:
    """The publisher goes for two seconds, another follows in another size, and the end comes."""
    followers = stage.begin("hls,dash", settings=("grace_s = 15",))
    stage.silence()
    time.sleep(2)
    notes = [f"returned: {followers.play(stage.publish(), unhurt=True)}"]
    stage.silence()
    notes.append(f"larger: {followers.play(stage.publish('--size', '960x540', '--rate', '44100'), unhurt=True)}")
    claim(all(followers.last(player)["size"] == "960x540" for player in followers.players), f"{[followers.last(one) for one in followers.players]}")
    stage.silence()
    followers.players.remove("dash")
    followers.end()
    return "; ".join(notes)


def ten_seconds_of_nothing(stage: Stage) -> str:
    followers = stage.begin(EVERY, settings=("grace_s = 30",))
    stage.silence()
    time.sleep(10)
    return followers.play(stage.publish())


def a_packager_that_is_started_again(stage: Stage) -> str:
    """Its numbers begin anew: players may too."""
    followers = stage.begin("hls,dash")
    stage.packager.process.stop(signal.SIGTERM, 6)
    run = stage.runs - 1
    stage.package()
    stage.live()
    return followers.play(run)


def a_relay_that_dies_and_returns(stage: Stage) -> str:
    followers = stage.begin(EVERY, settings=("grace_s = 30",))
    stage.relay.process.stop(signal.SIGKILL)
    stage.silence()
    stage.start_relay()
    return followers.play(stage.publish())


def another_size(stage: Stage) -> str:
    followers = stage.begin(EVERY)
    stage.silence()
    note = followers.play(stage.publish("--size", "960x540"), unhurt=True)
    claim(all(followers.last(player)["size"] == "960x540" for player in followers.players), f"{[followers.last(one) for one in followers.players]}")
    return note


def a_clock_that_jumps(stage: Stage) -> str:
    """An hour ahead, from one packet to the next."""
    followers = stage.begin_bare(EVERY)
    stage.silence()
    return followers.play(stage.publish("--begins", "3600", to=stage.bare), unhurt=True)


def a_clock_that_wraps(stage: Stage) -> str:
    """Its 33 bits end after 26.5 hours: nobody sees that."""
    wraps = time.time() + 40
    followers = stage.begin_bare(EVERY, "--begins", f"{WRAP_S - 40:.1f}")
    before = wraps - 4  # A source on a busy machine may be late in its first seconds, for which there is a discontinuity.
    claim(time.time() < before, f"players play {time.time() - before:.0f} s too late for it")
    time.sleep(before - time.time())
    discontinuities = stage.discontinuities()
    time.sleep(10)
    note = followers.play(0, unhurt=True)
    followers.went_on(before)
    claim(stage.discontinuities() == discontinuities, "it is a discontinuity")
    return note


def sound_that_stops(stage: Stage) -> str:
    followers = stage.begin_bare(EVERY)
    stage.silence()
    return followers.play(stage.publish("--sounds", "0", to=stage.bare))


def pictures_that_stop_and_return(stage: Stage) -> str:
    """Sound goes on alone, and is what who watches goes on with. Pictures that return are in a playlist of their own: the page begins anew."""
    followers = stage.begin_bare("hls,dash")
    stage.silence()
    stage.publish("--blind", to=stage.bare)
    notes = [f"sound alone: {followers.play(None)}"]
    time.sleep(4)
    stage.silence()
    run = stage.publish(to=stage.bare)
    claim(wait_until(lambda: b"v1/index.m3u8" in stage.packager.get(f"/live/{STREAM}/index.m3u8")[1], PATIENCE_S, 0.25), "no pictures are offered again")
    notes.append(f"returned: {followers.play(run)}")
    followers.stop()
    notes.append(f"begun anew: {stage.follow('hls,dash').play(run)}")
    return "; ".join(notes)


def sound_that_comes_late(stage: Stage) -> str:
    followers = stage.begin_bare("hls,dash", "--sounds", "0")
    stage.silence()
    return followers.play(stage.publish(to=stage.bare))


def packets_that_are_lost(stage: Stage) -> str:
    """One in a hundred, for good."""
    proxy = f"127.0.0.1:{relays.free_udp_port()}"
    run = stage.publish(to=proxy)
    stage.package(source=f"udp://{stage.bare}")
    program = setup.find_program(stage.build, "fanlight-linkproxy")
    stage.processes.start("linkproxy", [str(program), "--listen", proxy, "--relay", stage.bare, "--loss", "0.01"])
    stage.live()
    followers = stage.follow(EVERY)
    followers.play(run)
    time.sleep(10)
    note = followers.play(run)
    claim(wait_until(lambda: stage.counted("lost_packets") > 0, PATIENCE_S, 0.5), "no packet is missed")
    return f"{note}; {stage.counted('lost_packets')} jumps of counters"


def an_end(stage: Stage) -> str:
    followers = stage.begin("hls", settings=("grace_s = 4",))
    stage.silence()
    followers.end()
    return "played to the end"


def a_window_to_go_back_in(stage: Stage) -> str:
    """Eight seconds back, for a while, and to live again: the pictures of then, and those of now, in their order. dash.js goes to live by
    itself from where the MPD's greatest latency is."""
    require_tools("node")
    if shutil.which(BROWSERS["chromium"]) is None:
        raise Skip("chromium is not installed")
    stage.publish(to=stage.bare)
    stage.package("window_s = 20", source=f"udp://{stage.bare}")
    stage.live()
    modules = setup.install_modules(HERE, stage.build / "browsers")
    argv = ["node", str(HERE / "seek.mjs"), "--modules", str(modules), "--base", stage.packager.base, "--name", STREAM]
    told = json.loads(subprocess.run(argv, capture_output=True, text=True, timeout=4 * PATIENCE_S, check=True).stdout)
    claim("failed" not in told, f"{told}")
    live, back, again = told["live"], told["back"], told["again"]
    claim(back["latency"] - live["latency"] > 5, f"it is not behind: {told}")
    claim(again["latency"] < live["latency"] + 3, f"it is behind still: {told}")
    claim(not again["fatal"], f"{again['fatal']}")
    return f"{live['latency']:.1f} s behind, {back['latency']:.1f} s, {again['latency']:.1f} s"


def pause(stage: Stage, player: str, seconds: int) -> dict:
    require_tools("node")
    if shutil.which(BROWSERS["chromium"]) is None:
        raise Skip("chromium is not installed")
    modules = setup.install_modules(HERE, stage.build / "browsers")
    argv = ["node", str(HERE / "pause.mjs"), "--modules", str(modules), "--player", player, "--base", stage.packager.base, "--name", STREAM,
            "--seconds", str(seconds)]
    told = json.loads(subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 3 * PATIENCE_S, check=True).stdout)
    claim("failed" not in told and not told["warnings"], f"{told}")
    return told


def a_pause(stage: Stage) -> str:
    """What the window has still is played on, as far behind as it is, and said to be; live is a key away. Else it goes on at live."""
    stage.publish(to=stage.bare)
    stage.package("window_s = 30", source=f"udp://{stage.bare}")
    stage.live()
    notes = []
    for player in ("hls", "dash"):
        told = pause(stage, player, 14)
        live, resumed, again = told["live"], told["resumed"], told["again"]
        claim(resumed["player"].startswith(player) and 3 < resumed["time"] - live["time"] < 8, f"it does not play on where it was: {told}")
        claim(resumed["latency"] > live["latency"] + 12 and abs(resumed["latency"] - resumed["chart"]) < 1.2, f"what the chart says is not true: {told}")
        claim(resumed["mark"].endswith(" behind") and abs(int(resumed["mark"][2:4]) - resumed["latency"]) < 1.2, f"it says not how far: {told}")
        claim(resumed["rate"] == 1 and resumed["isOffered"] and resumed["stalls"] == live["stalls"], f"it catches up, or stalls: {told}")
        claim(again["latency"] < resumed["latency"] - 8 and not again["isOffered"], f"it is behind still: {told}")
        notes.append(f"{player} {live['latency']:.1f} s behind, {resumed['mark']}, {again['latency']:.1f} s")
        told = pause(stage, player, 40)
        claim(told["resumed"]["latency"] < told["paused"]["latency"] - 20, f"it is not at live: {told}")
    return "; ".join(notes)


def pictures_out_of_order(stage: Stage) -> str:
    """An IDR picture every two seconds, and two B pictures between others."""
    followers = stage.begin(EVERY, "--gop", "60", "--bframes", "2")
    time.sleep(8)
    return followers.play(0, unhurt=True)


def a_gop_that_grows(stage: Stage) -> str:
    """Past the target duration, when its publisher returns: pictures are cut where there is no IDR picture."""
    followers = stage.begin("hls,dash")
    stage.silence()
    run = stage.publish("--gop", "150")
    followers.play(run, unhurt=True)
    claim(wait_until(lambda: stage.counted("long_gop") > 0, PATIENCE_S, 0.5), "no segment begins without an IDR picture")
    time.sleep(6)
    return f"{followers.play(run, unhurt=True)}; {stage.counted('long_gop')} segments without an IDR picture"


def sound_alone(stage: Stage) -> str:
    stage.start_relay()
    stage.publish("--blind")
    stage.package()
    stage.live()
    followers = stage.follow("hls,dash")
    followers.play(None, unhurt=True)
    time.sleep(6)
    return followers.play(None, unhurt=True)


def two_sounds(stage: Stage) -> str:
    followers = stage.begin(EVERY, "--sounds", "2")
    for player in ("hls", "dash"):
        claim(wait_until(lambda player=player: len(followers.last(player)["tracks"]) == 2, PATIENCE_S, 0.25), f"{followers.last(player)}")
    return f"{followers.last('hls')['tracks']}, {followers.last('dash')['tracks']}"


def over_tls(stage: Stage) -> str:
    """The page and its players by HTTP/2, under a certificate of the packager's own."""
    port = packagers.free_port(FIRST_TLS_PORT)
    stage.start_relay()
    run = stage.publish()
    stage.package(tls=f"127.0.0.1:{port}")
    stage.live()
    followers = stage.follow("hls,dash", base=f"https://127.0.0.1:{port}")
    followers.play(run, unhurt=True)
    time.sleep(5)
    note = followers.play(run, unhurt=True)
    for player in followers.players:
        claim(followers.last(player)["protocols"] == ["h2"], f"{player}: {followers.last(player)}")
    return f"HTTP/2: {note}"


def a_group(stage: Stage) -> str:
    """One content in two sizes (H-63): whatever level is loaded next, pictures go on in their order."""
    larger = f"127.0.0.1:{relays.free_udp_port()}"
    run = stage.publish("--larger", f"udp://{larger}?pkt_size=1316", to=stage.bare)
    stage.package_group([f"udp://{stage.bare}", f"udp://{larger}"])
    stage.live()
    followers = stage.follow("hls,dash", switch_s=4)
    followers.play(run, unhurt=True)
    notes = []
    for player in followers.players:
        def sizes(player: str = player) -> list[str]:
            return [size for size, _ in itertools.groupby(one["size"] for one in followers.seen(player) if one["size"] not in ("", "0x0"))]
        claim(wait_until(lambda: len(sizes()) >= 4, PATIENCE_S, 0.25), f"{player} does not switch: {sizes()} {followers.last(player)}")
        claim(set(sizes()) == {"640x360", "960x540"}, f"{player}: {sizes()}")
        last = followers.last(player)
        claim(last["fatal"] == 0 and last["made"] == 1 and last["backwards"] == 0, f"{player}: {last}")
        notes.append(f"{player} {' '.join(sizes())}")
    return f"{', '.join(notes)}; {followers.play(run, unhurt=True)}"


def h265(stage: Stage) -> str:
    followers = stage.begin("hls", "--codec", "libx265", browser="firefox")
    time.sleep(6)
    return followers.play(0, unhurt=True)


def webkit(stage: Stage) -> str:
    """WebKitGTK with hls.js, started without anybody's gesture. Nothing pauses it, and it goes on when its publisher returns."""
    require_tools("xvfb-run", "dbus-run-session")
    followers = stage.begin("hls", browser="webkit", settings=("grace_s = 15",))
    begun = len(followers.seen("hls"))
    claim(wait_until(lambda: len(followers.seen("hls")) > begun + 40, PATIENCE_S), "follow.mjs says no more")
    claim(not any(one["paused"] for one in followers.seen("hls")[begun:]), f"it pauses by itself: {followers.last('hls')}")
    notes = [followers.play(0, unhurt=True)]
    stage.silence()
    time.sleep(2)
    notes.append(f"returned: {followers.play(stage.publish(), unhurt=True)}")
    return "; ".join(notes)


EVERY = "hls,dash,shaka"
QUICK = (a_life,)
CASES = (a_life, ten_seconds_of_nothing, a_packager_that_is_started_again, a_relay_that_dies_and_returns, another_size, a_clock_that_jumps,
         a_clock_that_wraps, sound_that_stops, pictures_that_stop_and_return, sound_that_comes_late, packets_that_are_lost, an_end, a_window_to_go_back_in, a_pause, pictures_out_of_order, a_gop_that_grows, sound_alone, two_sounds,
         a_group, over_tls, h265, webkit)


def on_a_stage(build: Path, page: Path | None, case) -> str:
    require_tools("ffmpeg", "node")
    with tempfile.TemporaryDirectory(prefix="fanlight-lifecycle-") as directory, Processes(Path(directory)) as processes:
        return case(Stage(build, page, processes, Path(directory)))


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--quick", action="store_true", help="one stream's life, Chromium with hls.js and dash.js")
    parser.add_argument("--page", type=Path, help="the page's folder (default: where scripts/page.sh puts it)")
    args = parser.parse_args()
    stop_on_signals()
    results = Results()
    for case in QUICK if args.quick else CASES:
        if args.only.search(f"lifecycle/{case.__name__}"):
            results.run(f"lifecycle/{case.__name__}", lambda case=case: on_a_stage(args.build_dir, args.page, case))
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
