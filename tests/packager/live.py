#!/usr/bin/env python3
"""fanlight-packager beside a relay, live: what players are given is what was published, and stays right when publisher
and relay go and come back. Strangers judge: ffmpeg plays, the linter reloads as a low-latency player does. Prints one
line per case and the counts last.

examples:
  tests/packager/live.py
  tests/packager/live.py --only returns
  tests/packager/live.py --build-dir build-debug
"""
from __future__ import annotations

import base64
import contextlib
import ctypes
import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
import packager as packagers  # noqa: E402
from captions import sending_words, write_captioned  # noqa: E402
import relay as relays  # noqa: E402
import setup  # noqa: E402
from clients import Target, ffmpeg_url  # noqa: E402
from processes import Process, Processes, dies_with_us, stop_on_signals, wait_until  # noqa: E402
from testing import Results, Skip, arguments, claim, require_tools, run_side_by_side  # noqa: E402

LINT = Path(__file__).resolve().parent / "lint" / "lint.mjs"
SPLICER = Path(__file__).resolve().with_name("splicer.py")
PROBE = LINT.with_name("probe.mjs")
QUIET = ["-hide_banner", "-nostdin", "-loglevel", "error"]
STREAM = "live/main"


AT_ONCE = ("-tune", "zerolatency")
REORDERED = ("-bf", "2", "-b_strategy", "0", "-rc-lookahead", "0")  # Two B pictures between others.
FRAME_MS = 34  # Of what all sources here send: 30 pictures a second.


def source_words(copy: Path, to: str, order: tuple[str, ...] = AT_ONCE) -> list[str]:
    """30 pictures a second, an IDR picture each second, a tone; the same bytes to a file."""
    return ["ffmpeg", *QUIET, "-y", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30",
            "-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-map", "0:v", "-map", "1:a",
            "-c:v", "libx264", "-preset", "ultrafast", *order, "-pix_fmt", "yuv420p", "-g", "30", "-keyint_min", "30",
            "-b:v", "600k", "-c:a", "aac", "-b:a", "96k", "-f", "tee", f"[f=mpegts]{to}|[f=mpegts]{copy}"]


@dataclass
class Stage:
    """A relay, a publisher, a packager, in a directory of their own."""
    build: Path
    processes: Processes
    work: Path
    port: int
    passphrase: str | None = None
    relay: relays.Relay | None = None
    packager: packagers.Packager | None = None
    copies: int = field(default=0)

    @property
    def target(self) -> Target:
        return Target(f"127.0.0.1:{self.port}", STREAM, latency_ms=20, passphrase=self.passphrase)

    def start_relay(self) -> None:
        stream = relays.Stream(name=STREAM, latency_ms=20, view_passphrase=self.passphrase)
        configuration = relays.Configuration(listen=[f"127.0.0.1:{self.port}"], streams=[stream])
        api = self.work / "relay" / "api.sock"
        self.relay = relays.start(self.processes, self.build, self.work, configuration.toml(api), api, None)

    def publish(self) -> tuple[Process, Path]:
        self.copies += 1
        copy = self.work / f"copy{self.copies}.ts"
        to = ffmpeg_url(Target(f"127.0.0.1:{self.port}", STREAM, latency_ms=20), "publish")
        return self.processes.start(f"publisher{self.copies}", source_words(copy, to)), copy

    def package(self, *words: str) -> packagers.Packager:
        self.packager = packagers.start(self.processes, self.build, list(words) or [packagers.source_url(self.target)],
                                        port=self.port + 1)
        return self.packager

    def package_as(self, settings: str, source: str | None = None) -> packagers.Packager:
        """With what a [[stream]] of a file says."""
        config = self.work / "packager.toml"
        config.write_text(f'[http]\nlisten = ["127.0.0.1:{self.port + 1}"]\n[[stream]]\nname = "{STREAM}"\n'
                          f'source = "{source or packagers.source_url(self.target)}"\n{settings}\n')
        return self.package("--config", str(config))

    def wait_for_live(self, seconds: float = 15) -> None:
        claim(wait_until(lambda: self.packager.is_live(STREAM), seconds),
              f"not live after {seconds} s: {self.packager.streams()} {self.packager.process.log_tail(3)}")

    def playlist(self, words: str = "", folder: str = "v0") -> str:
        status, body = self.packager.get(f"/live/{STREAM}/{folder}/index.m3u8{words}", seconds=15)
        claim(status == 200, f"{folder}/index.m3u8{words}: {status} {body[:200]!r}")
        return body.decode()

    def media(self, name: str, folder: str = "v0") -> bytes:
        status, body = self.packager.get(f"/live/{STREAM}/{folder}/{name}", seconds=15)
        claim(status == 200, f"{folder}/{name}: {status} {body[:200]!r}")
        return body

    def lint(self, seconds: float, *words: str, name: str = STREAM) -> subprocess.Popen:
        require_tools("node")
        return subprocess.Popen(["node", str(LINT), self.packager.playlist(name), "--seconds", str(seconds), "--frame-ms", str(FRAME_MS), *words],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish_lint(lint: subprocess.Popen, seconds: float) -> str:
    said = lint.communicate(timeout=seconds)[0].strip()
    claim(lint.returncode == 0, "the linter: " + said[-1500:])
    return said.splitlines()[-1]


def hashes(source: str, *words: str) -> list[str]:
    done = subprocess.run(["ffmpeg", *QUIET, *words, "-i", source, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framehash",
                           "-hash", "md5", "-"], capture_output=True, text=True, timeout=60)
    claim(done.returncode == 0, f"ffmpeg {source}: {done.stderr.strip()[-500:]}")
    return [line.split(",")[-1].strip() for line in done.stdout.splitlines() if line and not line.startswith("#")]


def media_sequence(playlist: str) -> int:
    return int(re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", playlist)[1])


def edge(playlist: str) -> tuple[int, int]:
    """The hinted part: the next that will be."""
    hint = re.search(r'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s(\d+)\.(\d+)\.m4s"', playlist)
    claim(hint is not None, f"no hint: {playlist[-300:]}")
    return int(hint[1]), int(hint[2])


# --- cases

def a_player_is_given_what_was_published(stage: Stage) -> str:
    """ffmpeg plays the plain way: whole segments. Picture by picture, what it decodes was published, in one run."""
    stage.start_relay()
    publisher, copy = stage.publish()
    stage.package()
    stage.wait_for_live()
    got = hashes(stage.packager.playlist(STREAM), "-t", "5")
    publisher.stop(signal.SIGINT)
    want = hashes(str(copy))
    claim(len(got) >= 120, f"{len(got)} pictures in 5 s")
    claim(any(want[i:i + len(got)] == got for i in range(len(want))), f"{len(got)} pictures are no run of the {len(want)} published")
    return f"{len(got)} pictures in a row, of {len(want)}"


def parts_are_what_they_say(stage: Stage) -> str:
    """A low-latency player's way: each part asked for before it is there, and their sum is the segment."""
    stage.start_relay()
    stage.publish()
    stage.package()
    stage.wait_for_live()
    msn, part = edge(stage.playlist())
    first = msn
    parts: dict[tuple[int, int], bytes] = {}
    waited = []
    for _ in range(14):
        began = time.monotonic()
        body = stage.media(f"s{msn}.{part}.m4s")  # Hinted: it comes when it is whole.
        waited.append(time.monotonic() - began)
        playlist = stage.playlist(f"?_HLS_msn={msn}&_HLS_part={part}")
        claim(f'URI="s{msn}.{part}.m4s"' in playlist, f"part {msn}.{part} is not listed: {playlist[-400:]}")
        claim(stage.media(f"s{msn}.{part}.m4s") == body, "a part that changes")
        parts[msn, part] = body
        claim(body[4:8] in (b"styp", b"prft", b"moof"), f"a part begins with {body[4:8]!r}")
        for others in {(int(a), int(b)) for a, b in re.findall(r'#EXT-X-PART:.*URI="s(\d+)\.(\d+)\.m4s"', playlist)} - parts.keys():
            if others[0] > first:  # A busy host may be two parts behind.
                parts[others] = stage.media("s{}.{}.m4s".format(*others))
        (msn, part) = edge(playlist)
    whole = range(first + 1, msn)
    claim(len(whole) > 0, f"no whole segment among {sorted(parts)}")
    for one in whole:
        claim(stage.media(f"s{one}.m4s") == b"".join(parts[at] for at in sorted(parts) if at[0] == one), f"segment {one} is not its parts")
    claim(0.05 < sorted(waited)[len(waited) // 2] < 0.35, f"parts came after {[round(w, 3) for w in waited]} s")
    return f"{len(parts)} parts, {len(whole)} segments equal to theirs"


def the_linter_is_content(stage: Stage) -> str:
    """With a window that moves, and is long enough for deltas that skip."""
    stage.start_relay()
    stage.publish()
    stage.package_as("window_s = 14")
    stage.wait_for_live()
    # Three cases run at a time, and each encodes: what is late by less than half a second may be the machine's.
    note = finish_lint(stage.lint(18, "--media", "--dash", "--late-ms", "500"), 60)
    gone = [media_sequence(stage.playlist(folder=folder)) for folder in ("v0", "a0")]
    claim(min(gone) >= 3, f"the windows begin with {gone}")
    claim("#EXT-X-SKIP" in stage.playlist("?_HLS_skip=YES"), "nothing is skipped")
    return f"{gone[0]} segments gone; {note}"


def pictures_that_are_reordered(stage: Stage) -> str:
    """B pictures: what is decoded was published, and the linter is content."""
    door, copy = f"127.0.0.1:{stage.port + 2}", stage.work / "copy.ts"
    publisher = stage.processes.start("publisher", source_words(copy, f"udp://{door}?pkt_size=1316", REORDERED))
    stage.package(f"{STREAM}=udp://{door}")
    stage.wait_for_live()
    note = finish_lint(stage.lint(10, "--media", "--dash", "--late-ms", "500"), 60)
    got = hashes(stage.packager.playlist(STREAM), "-t", "4")
    publisher.stop(signal.SIGINT)
    want = hashes(str(copy))
    kinds = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=pict_type", "-of", "csv=p=0", str(copy)],
                           capture_output=True, text=True, timeout=60).stdout
    claim(kinds.count("B") > len(want) / 2, f"{kinds.count('B')} of {len(want)} are B pictures")
    claim(len(got) >= 90, f"{len(got)} pictures in 4 s")
    claim(any(want[i:i + len(got)] == got for i in range(len(want))), f"{len(got)} pictures are no run of the {len(want)} published")
    return f"{len(got)} pictures in a row, of {len(want)}; {note}"


def the_probes_are_content(stage: Stage) -> str:
    require_tools("node")
    stage.start_relay()
    stage.publish()
    stage.package()
    stage.wait_for_live()
    done = subprocess.run(["node", str(PROBE), "--dash", stage.packager.playlist(STREAM)], capture_output=True, text=True, timeout=120)
    claim(done.returncode == 0, "\n".join(line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("ok")))
    return done.stdout.strip().splitlines()[-1]


def dash_periods(stage: Stage) -> int:
    return stage.packager.get(f"/live/{STREAM}/manifest.mpd")[1].decode().count("<Period ")


def dash_promises_what_is_there(stage: Stage) -> None:
    """While a source is away: the period has an end, and its last segments are there."""
    mpd = stage.packager.get(f"/live/{STREAM}/manifest.mpd")[1].decode()
    claim('type="dynamic"' in mpd and re.search(r'<Period [^>]* duration="PT', mpd) is not None, mpd[:1500])
    lasts = re.findall(r'endNumber="(\d+)"[^>]* media="(\w+)/', mpd)
    claim(len(lasts) == 2, f"{lasts} are the last of pictures and sound: {mpd}")
    for number, folder in lasts:
        status, body = stage.packager.get(f"/live/{STREAM}/{folder}/s{number}.m4s")
        claim(status == 200 and len(body) > 100, f"{folder}/s{number}.m4s: {status}")


def a_publisher_that_returns(stage: Stage) -> str:
    """Numbers go on behind a discontinuity, and nothing that could be helped offends the linter on the way."""
    stage.start_relay()
    publisher, _ = stage.publish()
    # Segments are long, so that who waits for a part that the outage put off is not told 503 before it is there.
    stage.package_as("segment_ms = 4000\nwindow_s = 120\ngrace_s = 60")
    stage.wait_for_live(30)
    before = edge(stage.playlist())[0]
    # While nobody publishes no part can come in time, and where the first segments of another encoder end nobody can foresee; until the
    # sound has come to where the clock jumps, it is behind.
    lint = stage.lint(16, "--pass-over", "H-16,H-17,H-18")
    publisher.stop(signal.SIGINT)
    # However soon the relay says so: 3 s without a picture are an outage.
    claim(wait_until(lambda: stage.packager.streams()[0]["state"] == "away", 15), f"{stage.packager.streams()}")
    frozen = stage.playlist()
    claim("#EXT-X-ENDLIST" not in frozen and "#EXT-X-DISCONTINUITY\n" not in frozen, frozen[-600:])
    dash_promises_what_is_there(stage)
    stage.publish()
    claim(wait_until(lambda: stage.playlist().count("#EXT-X-DISCONTINUITY\n") == 1, 20), stage.playlist()[-600:])
    claim(dash_periods(stage) == 2, "the MPD has no period for what came after")
    claim(edge(stage.playlist())[0] > edge(frozen)[0] - 1 and media_sequence(stage.playlist()) == 0, stage.playlist()[-600:])
    claim(wait_until(lambda: edge(stage.playlist())[0] > before + 2, 30), stage.playlist()[-600:])
    note = finish_lint(lint, 60)
    finish_lint(stage.lint(5, "--late-ms", "500"), 30)  # By now nothing excuses anything.
    claim(media_sequence(stage.playlist()) == 0, "the window of 120 s is not over yet")
    return f"from segment {before} on to {edge(stage.playlist())[0]}, {note}"


def a_relay_that_dies(stage: Stage) -> str:
    stage.start_relay()
    publisher, _ = stage.publish()
    stage.package_as("window_s = 6")
    stage.wait_for_live()
    before = edge(stage.playlist())[0]
    stage.relay.process.stop(signal.SIGKILL)
    publisher.stop(signal.SIGKILL)
    claim(wait_until(lambda: stage.packager.streams()[0]["state"] == "away", 8), f"{stage.packager.streams()}")
    claim("ENDLIST" not in stage.playlist(), "over within its grace")
    stage.start_relay()
    stage.publish()
    stage.wait_for_live(12)
    claim(wait_until(lambda: edge(stage.playlist())[0] > before + 1, 10), stage.playlist()[-600:])
    log = stage.packager.process.log.read_text()
    claim("calling again" in log, log[-500:])
    claim("#EXT-X-DISCONTINUITY\n" in stage.playlist(), "the linter comes too late for the discontinuity")
    # As where a publisher returns. What is looked for here is that the window moves on over it.
    note = finish_lint(stage.lint(9, "--pass-over", "H-16,H-17,H-18"), 30)
    # Two where the encoder's first pictures come at once: they are ahead of their dates.
    gone = set()
    for folder in ("v0", "a0"):
        playlist = stage.playlist(folder=folder)
        claim("#EXT-X-DISCONTINUITY\n" not in playlist, f"{folder}: {playlist}")
        gone.add(int(re.search(r"#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)", playlist)[1]))
    claim(gone in ({1}, {2}), f"DISCONTINUITY-SEQUENCE is {gone}")
    return f"called again until it answered, and went on; {max(gone)} discontinuities have left the window, {note}"


def a_source_of_nothing(stage: Stage) -> str:
    """It is up, and sends null packets: the stream ends, and is called what it is."""
    door = stage.port + 2
    source = stage.processes.start("bare", source_words(stage.work / "bare.ts", f"udp://127.0.0.1:{door}?pkt_size=1316"))
    stage.package_as("grace_s = 2", f"udp://127.0.0.1:{door}")
    stage.wait_for_live()
    source.stop(signal.SIGKILL)
    nothing = (b"\x47\x1f\xff\x10" + bytes(184)) * 7
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        def has_ended() -> bool:
            for _ in range(10):
                sender.sendto(nothing, ("127.0.0.1", door))
                time.sleep(0.05)
            return stage.packager.streams()[0]["state"] == "ended"

        claim(wait_until(has_ended, 30), f"{stage.packager.streams()}")
        claim(stage.playlist().rstrip().endswith("#EXT-X-ENDLIST"), stage.playlist()[-300:])
        claim(has_ended(), f"{stage.packager.streams()}")
    return "ended, though packets come"


def a_stream_that_ends(stage: Stage) -> str:
    """Who waits for a part that never comes is told the end, once the grace is over."""
    stage.start_relay()
    publisher, _ = stage.publish()
    config = stage.work / "packager.toml"
    config.write_text(f'[http]\nthreads = 2\nlisten = ["127.0.0.1:{stage.port + 1}"]\n[[stream]]\nname = "{STREAM}"\n'
                      f'source = "{packagers.source_url(stage.target)}"\ngrace_s = 2\n')
    stage.package("--config", str(config))
    stage.wait_for_live()
    publisher.stop(signal.SIGKILL)
    stage.relay.process.stop(signal.SIGKILL)
    began = time.monotonic()
    last = stage.playlist()
    while "#EXT-X-ENDLIST" not in last and time.monotonic() - began < 20:
        msn, part = edge(last)
        status, body = stage.packager.get(f"/live/{STREAM}/v0/index.m3u8?_HLS_msn={msn}&_HLS_part={part}", seconds=15)
        claim(status in (200, 503), f"{status} {body[:200]!r}")
        last = body.decode() if status == 200 else last
    took = time.monotonic() - began
    claim(last.rstrip().endswith("#EXT-X-ENDLIST"), last[-300:])
    claim("PRELOAD-HINT" not in last, "a hint behind the end")
    claim(wait_until(lambda: stage.packager.streams()[0]["state"] == "ended", 2), f"{stage.packager.streams()}")
    # Nothing comes for 3 s, which libsrt takes 5 s to see; then the grace.
    claim(4 < took < 10, f"told after {took:.1f} s")
    return f"told after {took:.1f} s"


def keys_and_bare_streams(stage: Stage) -> str:
    """One packager: an encrypted call, and a transport stream in bare UDP."""
    stage.passphrase = "correct horse battery"
    stage.start_relay()
    stage.publish()
    bare = f"127.0.0.1:{stage.port + 2}"
    stage.processes.start("bare", source_words(stage.work / "bare.ts", f"udp://{bare}?pkt_size=1316"))
    secret = stage.work / "view.key"
    secret.write_text(stage.passphrase + "\n")
    secret.chmod(0o600)
    config = stage.work / "packager.toml"
    url = packagers.source_url(Target(f"127.0.0.1:{stage.port}", STREAM))
    config.write_text(f'[[stream]]\nname = "{STREAM}"\nsource = "{url}"\npassphrase_file = "view.key"\n'
                      f'[[stream]]\nname = "bare"\nsource = "udp://{bare}"\n')
    stage.package("--config", str(config))
    stage.wait_for_live()
    claim(wait_until(lambda: stage.packager.is_live("bare"), 10), f"{stage.packager.streams()}")
    claim(stage.passphrase not in stage.packager.process.log.read_text(), "the log has the passphrase")
    return "both live"


def breaks_are_announced(stage: Stage) -> str:
    """SCTE 35 on its way to players: the sections that were sent, dated by the pictures they mean, in all renditions and the MPD."""
    bare, cues = f"127.0.0.1:{stage.port + 2}", stage.work / "cues"
    unspliced = f"127.0.0.1:{stage.port + 3}"
    publisher = stage.processes.start("splicer", [sys.executable, str(SPLICER), "--listen", unspliced, "--to", bare, "--cues", str(cues)])
    stage.processes.start("unspliced", source_words(stage.work / "bare.ts", f"udp://{unspliced}?pkt_size=1316"))
    stage.package_as("window_s = 6", f"udp://{bare}")
    stage.wait_for_live()
    lint = stage.lint(18, "--late-ms", "500")
    cues.write_text("out 77 3 4\n")
    claim(wait_until(lambda: "SCTE35-OUT" in stage.playlist(), 20), f"no way out: {publisher.log_tail(5)} {stage.playlist()}")
    time.sleep(2)
    with cues.open("a") as more:
        more.write("in 77 4\n")
    claim(wait_until(lambda: all("SCTE35-IN" in stage.playlist(folder=folder) for folder in ("v0", "a0")), 20),
          f"no way back: {publisher.log_tail(5)} {stage.playlist()}")
    sent = [one.split() for one in publisher.log.read_text().splitlines() if re.fullmatch(r"\d+ [0-9A-F]+", one)]
    claim(len(sent) == 2, f"{publisher.log_tail(5)}")
    length = (int(sent[1][0]) - int(sent[0][0])) % (1 << 33) / 90_000
    for folder in ("v0", "a0"):
        tags = re.findall(r"#EXT-X-DATERANGE:(.*)", stage.playlist(folder=folder))
        claim(len(tags) == 2, f"{folder}: {tags}")
        claim(f"SCTE35-OUT=0x{sent[0][1]}" in tags[0] and "PLANNED-DURATION=4.000000" in tags[0], tags[0])
        claim(f"SCTE35-IN=0x{sent[1][1]}" in tags[1], tags[1])
        claim(abs(float(re.search(r",DURATION=([\d.]+)", tags[1])[1]) - length) < 1e-5, f"{tags[1]}, sent were {length} s")
        claim(len({re.search(r'ID="[^"]+",START-DATE="[^"]+"', tag)[0] for tag in tags}) == 1, f"{tags}")

    def events() -> list[str]:  # They come with the next segment.
        mpd = stage.packager.get(f"/live/{STREAM}/manifest.mpd")[1].decode()
        return [base64.b64decode(one).hex().upper() for one in re.findall(r"<Event .*?<Binary>(.*?)</Binary>", mpd, re.S)]
    claim(wait_until(lambda: events() == [one[1] for one in sent], 20), f"{events()}, sent were {sent}")
    claim('kind="command"' in stage.packager.get("/metrics")[1].decode(), "no metric")
    note = finish_lint(lint, 60)
    left = [folder for folder in ("v0", "a0") if "#EXT-X-DATERANGE" in stage.playlist(folder=folder)]
    claim(left == [], f"the break is over and has left the window, and {left} tell of it")
    return f"a break of {length:.3f} s, which was told until it had left the window; {note}"


def captions_are_kept_and_announced(stage: Stage) -> str:
    """CTA-608 and CTA-708 in the SEI of the pictures: a stranger finds them in what is served, and players are told of them."""
    require_tools("ffprobe")
    bare = f"127.0.0.1:{stage.port + 2}"
    write_captioned(stage.work / "captioned.ts", 60)
    stage.processes.start("publisher", sending_words(stage.work / "captioned.ts", f"udp://{bare}?pkt_size=1316"))
    stage.package(f"{STREAM}=udp://{bare}")
    stage.wait_for_live(30)
    multivariant = stage.packager.get(f"/live/{STREAM}/index.m3u8")[1].decode()
    for words in ('INSTREAM-ID="CC1"', 'INSTREAM-ID="SERVICE1"', ',CLOSED-CAPTIONS="cc"'):
        claim(words in multivariant, multivariant)
    mpd = stage.packager.get(f"/live/{STREAM}/manifest.mpd")[1].decode()
    claim("cea-608:2015" in mpd and "cea-708:2015" in mpd, mpd)
    note = finish_lint(stage.lint(4, "--late-ms", "500"), 30)
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-read_intervals", "%+2", "-show_entries", "frame=pts_time:side_data",
                           stage.packager.playlist(STREAM)], capture_output=True, text=True, timeout=60)
    pictures, captioned = done.stdout.count("[FRAME]"), done.stdout.count("ATSC A53 Part 4 Closed Captions")
    claim(pictures >= 30 and captioned == pictures, f"{captioned} of {pictures} pictures have captions: {done.stderr[-300:]}")
    return f"{captioned} pictures with captions; {note}"


def sound_that_is_sent_late(stage: Stage) -> str:
    """A packet of sound with what belongs to the last second's pictures: they wait for it, all playlists are in step, and it is said why."""
    stage.processes.start("publisher", [
        "ffmpeg", *QUIET, "-y", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-re", "-f", "lavfi", "-i", "sine=sample_rate=48000",
        *X264, "-pix_fmt", "yuv420p", "-b:v", "400k", "-c:a", "aac", "-b:a", "24k", "-muxdelay", "2", "-f", "mpegts",
        f"udp://127.0.0.1:{stage.port + 2}?pkt_size=1316"])
    stage.package(f"{STREAM}=udp://127.0.0.1:{stage.port + 2}")
    stage.wait_for_live(30)
    note = finish_lint(stage.lint(12, "--media", "--dash", "--late-ms", "500"), 60)
    said = {float(re.search(r"PART-HOLD-BACK=([0-9.]+)", stage.playlist(folder=folder))[1]) for folder in ("v0", "a0")}
    claim(len(said) == 1 and 0.5 < min(said) < 0.9, f"PART-HOLD-BACK={said}")
    mpd = stage.packager.get(f"/live/{STREAM}/manifest.mpd")[1].decode()
    target = int(re.search(r'<Latency [^>]*target="(\d+)"', mpd)[1])
    claim(abs(target / 1000 - min(said)) < 0.01, f"Latency {target} ms, PART-HOLD-BACK {said}")
    log = stage.packager.process.log.read_text()
    claim("which wait for it" in log, log[-500:])
    return note


def start_group(stage: Stage, doors: list[str], through: dict[str, str] | None = None) -> None:
    """Two sizes of one encoder, and the packager that has them as one. `through`: where some of it is sent instead."""
    words = ["ffmpeg", *QUIET, "-y", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-re", "-f", "lavfi", "-i", "sine=sample_rate=48000"]
    for door, size in zip([(through or {}).get(door, door) for door in doors], ("320x180", "160x90")):
        words += ["-map", "0:v", "-map", "1:a", "-s", size, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
                  "-pix_fmt", "yuv420p", "-g", "30", "-keyint_min", "30", "-sc_threshold", "0", "-c:a", "aac", "-f", "mpegts", f"udp://{door}?pkt_size=1316"]
    stage.processes.start("publisher", words)
    config = stage.work / "packager.toml"
    config.write_text("".join(f'[[stream]]\nname = "{STREAM}-{i}"\nsource = "udp://{door}"\n' for i, door in enumerate(doors))
                      + f'[[group]]\nname = "{STREAM}"\nstreams = ["{STREAM}-0", "{STREAM}-1"]\n')
    stage.package("--config", str(config))
    stage.wait_for_live(30)
    claim(wait_until(lambda: stage.packager.get(f"/live/{STREAM}/index.m3u8", 15)[0] == 200, 30), "no playlist")


def a_group_is_one_presentation(stage: Stage) -> str:
    """Variants with the same numbers and dates for the same pictures, though one comes 0.4 s later; sound once; the linter is content with it all."""
    doors = [f"127.0.0.1:{stage.port + 2}", f"127.0.0.1:{stage.port + 3}"]
    with switch(stage.port + 4, stage.port + 3, 0.4):
        start_group(stage, doors, {doors[1]: f"127.0.0.1:{stage.port + 4}"})
        multivariant = stage.packager.get(f"/live/{STREAM}/index.m3u8")[1].decode()
        claim(multivariant.count("#EXT-X-STREAM-INF") == 2 and multivariant.count("TYPE=AUDIO") == 1, multivariant)
        claim("160x90" in multivariant and "320x180" in multivariant, multivariant)
        names = [one["name"] for one in stage.packager.streams()]
        claim(names == [STREAM], f"the page lists {names}")
        claim(wait_until(lambda: stage.playlist().count("#EXTINF") >= 7, 20), "no window")  # The linter knows a start by its number, 0.
        dates = [{name: date for date, name in re.findall(r"DATE-TIME:(\S+)\n(?:#EXT-X-PART:.*\n)*#EXTINF:.*\n(s\d+)", stage.playlist(folder=folder))}
                 for folder in ("v0", "v1")]
        shared = set(dates[0]) & set(dates[1])
        claim(len(shared) >= 3, f"the same numbers: {sorted(shared)}")
        claim(all(dates[0][name] == dates[1][name] for name in shared), f"dates differ: {dates}")
        mpd = stage.packager.get(f"/live/{STREAM}/manifest.mpd")[1].decode()
        claim(mpd.count("<AdaptationSet") == 2 and mpd.count('<Representation id="v') == 2, mpd)
        claim(stage.packager.get(f"/live/{STREAM}-0/index.m3u8")[0] == 404, "a stream of a group is served by itself")
        return finish_lint(stage.lint(8, "--media", "--late-ms", "900"), 60)


X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-keyint_min", "30", "-sc_threshold", "0"]
X265 = ["-c:v", "libx265", "-preset", "ultrafast", "-tune", "zerolatency", "-x265-params", "keyint=30:min-keyint=30:scenecut=0:open-gop=0:log-level=error"]
# Name, the encoders of its pictures and of its two sounds, what players are told, what ffprobe finds.
KINDS = (("live/h265", X265, ("aac", "ac3"), ("hvc1.", "mp4a.40.2", "ac-3"), {"hevc", "aac", "ac3"}),
         ("live/opus", X264, ("libopus", "eac3"), ("avc1.", "opus", "ec-3"), {"h264", "opus", "eac3"}))


def every_codec(stage: Stage) -> str:
    """Two kinds of sound beside H.265, two others beside H.264; each through the relay by SRT, and one of them by RTP as well."""
    rtp = f"127.0.0.1:{stage.port + 2}"
    configuration = relays.Configuration(listen=[f"127.0.0.1:{stage.port}"], streams=[relays.Stream(name=kind[0], latency_ms=20) for kind in KINDS],
                                         more=f'[[destination]]\nstream = "{KINDS[1][0]}"\nurl = "rtp://{rtp}"\n')
    api = stage.work / "relay" / "api.sock"
    stage.relay = relays.start(stage.processes, stage.build, stage.work, configuration.toml(api), api, None)
    targets = [Target(f"127.0.0.1:{stage.port}", kind[0], latency_ms=20) for kind in KINDS]
    for target, (name, pictures, sounds, _, _) in zip(targets, KINDS):
        tones = [word for hertz in (440, 880) for word in ("-re", "-f", "lavfi", "-i", f"sine=frequency={hertz}:sample_rate=48000")]
        coded = [word for i, (codec, language) in enumerate(zip(sounds, ("eng", "deu"))) for word in (f"-c:a:{i}", codec, f"-metadata:s:a:{i}", f"language={language}")]
        stage.processes.start(f"publisher-{name.replace('/', '-')}", [
            "ffmpeg", *QUIET, "-y", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", *tones, "-map", "0", "-map", "1", "-map", "2",
            *pictures, "-pix_fmt", "yuv420p", "-b:v", "600k", *coded, "-f", "mpegts", ffmpeg_url(target, "publish")])
    streams = {name: packagers.source_url(target) for (name, *_), target in zip(KINDS, targets)} | {"by/rtp": f"rtp://{rtp}"}
    stage.package(*(f"{name}={url}" for name, url in streams.items()))
    told = {name: kind[3:] for kind in KINDS for name in (kind[0],)} | {"by/rtp": KINDS[1][3:]}
    for name, (codecs, _) in told.items():
        claim(wait_until(lambda name=name: stage.packager.is_live(name), 30), f"{name} is not live: {stage.packager.streams()} {stage.packager.process.log_tail(3)}")
        multivariant = stage.packager.get(f"/live/{name}/index.m3u8", 15)[1].decode()
        members = 3 if "mp4a.40.2" in codecs else 2  # The English of AAC is among AC-3 as well.
        claim(all(codec in multivariant for codec in codecs) and multivariant.count("TYPE=AUDIO") == members, f"{name}: {multivariant}")
    notes = [f"{name}: {finish_lint(lint, 60)}" for name, lint in [(name, stage.lint(5, "--media", "--dash", "--late-ms", "500", name=name)) for name in told]]
    for name, (_, found) in told.items():
        claim(set(codec_names(stage.packager.playlist(name))) == found, f"ffprobe finds {codec_names(stage.packager.playlist(name))} in {name}")
        done = subprocess.run(["ffmpeg", *QUIET, "-xerror", "-i", stage.packager.playlist(name), "-map", "0", "-t", "2", "-f", "null", "-"],
                              capture_output=True, text=True, timeout=60)
        claim(done.returncode == 0, f"ffmpeg plays not all of {name}: {done.stderr[-500:]}")
    return "; ".join(notes)


def codec_names(source: str) -> list[str]:
    done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", source], capture_output=True, text=True, timeout=60)
    return [line.strip(",") for line in done.stdout.split()]


@contextlib.contextmanager
def switch(listen: int, to: int, delay_s: float = 0.0):
    """Datagrams go on from port to port, some time later, while the event that this gives is set."""
    is_on, is_over = threading.Event(), threading.Event()
    is_on.set()

    def forward() -> None:
        on_their_way: deque[tuple[float, bytes]] = deque()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            door.bind(("127.0.0.1", listen))
            while not is_over.is_set():
                until_due = on_their_way[0][0] - time.monotonic() if on_their_way else 0.2
                door.settimeout(min(max(until_due, 1e-4), 0.2))
                with contextlib.suppress(TimeoutError):
                    datagram = door.recv(2048)
                    if is_on.is_set():
                        on_their_way.append((time.monotonic() + delay_s, datagram))
                while on_their_way and on_their_way[0][0] <= time.monotonic():
                    door.sendto(on_their_way.popleft()[1], ("127.0.0.1", to))

    thread = threading.Thread(target=forward)
    thread.start()
    try:
        yield is_on
    finally:
        is_over.set()
        thread.join()


def one_of_a_group_that_returns(stage: Stage) -> str:
    """It is away alone: left out, and back in step with the other, at the same numbers and dates. The linter is content throughout."""
    doors = [f"127.0.0.1:{stage.port + 2}", f"127.0.0.1:{stage.port + 3}"]

    def variants() -> int:
        return stage.packager.get(f"/live/{STREAM}/index.m3u8")[1].decode().count("#EXT-X-STREAM-INF")

    with switch(stage.port + 4, stage.port + 3) as is_on:
        start_group(stage, doors, {doors[1]: f"127.0.0.1:{stage.port + 4}"})
        claim(variants() == 2, "not two variants")
        is_on.clear()
        claim(wait_until(lambda: variants() == 1, 15), "who is away is offered")
        is_on.set()
        claim(wait_until(lambda: variants() == 2, 20), f"it stays out: {stage.packager.process.log_tail(5)}")
        text = stage.playlist(folder="v1")
        claim("#EXT-X-GAP" in text and "#EXT-X-DISCONTINUITY\n" not in text, text)
        mpd = stage.packager.get(f"/live/{STREAM}/manifest.mpd")[1].decode()
        claim(mpd.count('<Representation id="v') == 2 and mpd.count("<Period") == 1, mpd)
        return f"{text.count('#EXT-X-GAP')} segments missed; {finish_lint(stage.lint(6, '--media', '--late-ms', '500'), 60)}"


def encrypted_with_keys_in_turn(stage: Stage) -> str:
    """Keys change every two segments; the linter is content, keys are had by who asks, ffmpeg decodes what they open."""
    bare = f"127.0.0.1:{stage.port + 2}"
    stage.processes.start("publisher", source_words(stage.work / "copy.ts", f"udp://{bare}?pkt_size=1316"))
    key_ids = ["000102030405060708090a0b0c0d0e0f", "101112131415161718191a1b1c1d1e1f"]
    keys = stage.work / "keys.txt"
    keys.write_text("".join(f"{key_id}:{key_id[::-1]}\n" for key_id in key_ids))
    keys.chmod(0o600)
    config = stage.work / "packager.toml"
    config.write_text(f'[[stream]]\nname = "{STREAM}"\nsource = "udp://{bare}"\nkeys_file = "keys.txt"\n'
                      "rotate_segments = 2\nserve_keys = true\n")
    stage.package("--config", str(config))
    stage.wait_for_live(30)
    note = finish_lint(stage.lint(8, "--media", "--dash", "--late-ms", "500"), 60)
    folder = f"/live/{STREAM}"
    licence = json.loads(stage.packager.get(f"{folder}/licence.json")[1])
    claim(len(licence["keys"]) == 2, f"{licence}")
    listed = re.findall(r'identity"\n#EXT-X-MAP:URI="(.*)"\n(?:#.*\n)*([^#\n].*)\n', stage.playlist())  # The newest may have parts alone.
    claim(len(listed) >= 4, f"keys in turn: {listed}")
    for init, segment in listed[-4:]:
        slot = 1 if init.endswith(".1.mp4") else 0
        key = stage.packager.get(f"{folder}/{key_ids[slot]}.key")[1]
        claim(key.hex() == key_ids[slot][::-1], f"a key is {key.hex()}")
        media = b"".join(stage.packager.get(f"{folder}/v0/{name}")[1] for name in (init, segment))
        # From a file, where it looks at all fragments first, ffmpeg 5.1 decrypts none but the last.
        done = subprocess.run(["ffmpeg", "-hide_banner", "-loglevel", "error", "-xerror", "-decryption_key", key.hex(), "-i", "pipe:0", "-f", "framehash", "-"],
                              input=media, capture_output=True, timeout=60)
        pictures = [line for line in done.stdout.splitlines() if not line.startswith(b"#")]
        claim(done.returncode == 0 and len(pictures) == 30, f"{segment} behind {init} is {len(pictures)} pictures: {done.stderr[-300:]}")
    claim(key_ids[0][::-1] not in stage.packager.process.log.read_text(), "the log has a key")
    return f"{note}, {len(listed)} times another key"


def a_wrong_passphrase_is_said(stage: Stage) -> str:
    stage.passphrase = "correct horse battery"
    stage.start_relay()
    stage.publish()
    stage.package(packagers.source_url(Target(f"127.0.0.1:{stage.port}", STREAM, passphrase="another horse battery")))
    claim(wait_until(lambda: "turned away" in stage.packager.process.log.read_text(), 10), stage.packager.process.log_tail(3))
    said = stage.packager.process.log_tail(1)
    claim("another horse" not in said, said)
    status, body = stage.packager.get(f"/live/{STREAM}/index.m3u8", seconds=20)
    claim(status == 503 and body, f"{status} {body!r}")  # It is called still, and may come.
    return f"{said.split(': ', 2)[-1]}; players: {status}"


def an_end_in_order(stage: Stage) -> str:
    """SIGTERM beside a player that waits: status 0, soon, and nobody is left waiting."""
    stage.start_relay()
    stage.publish()
    stage.package()
    stage.wait_for_live()
    msn, _ = edge(stage.playlist())
    waiting = http.client.HTTPConnection("127.0.0.1", stage.port + 1, timeout=10)
    waiting.request("GET", f"/live/{STREAM}/v0/index.m3u8?_HLS_msn={msn + 1}")
    time.sleep(0.2)
    began = time.monotonic()
    status = stage.packager.process.stop(signal.SIGTERM, 6)
    took = time.monotonic() - began
    claim(status == 0, f"status {status}: {stage.packager.process.log_tail(3)}")
    claim(took < 5, f"it took {took:.1f} s")
    answer = waiting.getresponse()  # It was sent before the end.
    said = answer.read()
    claim(answer.status == 503 and answer.getheader("Retry-After") == "1", f"who waited was told {answer.status} {said!r}")
    return f"after {took:.1f} s, who waited was told"


def has_ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def few_open_files(stage: Stage) -> str:
    """Whoever takes all connections that there are leaves the source its socket."""
    limited = stage.work / "limited"
    limited.write_text(f'#!/bin/sh\nulimit -n 120\nexec "{setup.find_program(stage.build, "fanlight-packager")}" "$@"\n')
    limited.chmod(0o755)
    stage.packager = packagers.start(stage.processes, stage.build, [packagers.source_url(stage.target)], port=stage.port + 1,
                                     program=limited)
    log = stage.packager.process.log
    claim("connections_max: 52 instead of 10000, since 120 files may be open" in log.read_text(), log.read_text()[-600:])
    crowd: list[socket.socket] = []

    def is_live() -> bool:
        """And the crowd comes again as fast as it is ended."""
        for one in [one for one in crowd if has_ended(one)]:
            crowd.remove(one)
            one.close()
        crowd.extend(socket.create_connection(("127.0.0.1", stage.port + 1), 5) for _ in range(130 - len(crowd)))
        return f"{STREAM}: live: " in log.read_text()

    with contextlib.ExitStack() as stack:
        stack.callback(lambda: [one.close() for one in crowd])
        is_live()
        stage.start_relay()
        stage.publish()
        claim(wait_until(is_live, 20), log.read_text()[-600:])
    return "live beside 130 connections, of which 52 are taken"


def a_log_without_tokens(stage: Stage) -> str:
    """H-76: what is asked for with a token is answered, or refused, and the log says nothing of it."""
    stage.package(f"{STREAM}=udp://127.0.0.1:{stage.port + 2}")
    paths = (f"/live/{STREAM}/index.m3u8", f"/live/{STREAM}/v0/s0.m4s", "/live/none/index.m3u8", f"/play/{STREAM}", "/none", "/api/streams.json", "/%zz")
    told = [stage.packager.get(f"{path}?_HLS_msn=x&token=unspeakable", seconds=15)[0] for path in paths]
    stage.packager.process.stop(signal.SIGTERM)
    log = stage.packager.process.log.read_text()
    claim("listening" in log and "unspeakable" not in log, log)
    return f"answered with {told}"


def fill_pipe(writing: int) -> None:
    """Of its own file description: the packager's keeps to block."""
    again = os.open(f"/proc/self/fd/{writing}", os.O_WRONLY | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(again, b"." * 64)
    os.close(again)


def a_log_that_nobody_reads(stage: Stage) -> str:
    """Its pipe is full when a stream has something to say: the other goes on, and the end comes in time."""
    doors = {"good": stage.port + 2, "bad": stage.port + 3}
    publishers = {name: stage.processes.start(name, source_words(stage.work / f"{name}.ts", f"udp://127.0.0.1:{door}?pkt_size=1316"))
                  for name, door in doors.items()}
    words = [str(setup.find_program(stage.build, "fanlight-packager")), *(f"{name}=udp://127.0.0.1:{door}" for name, door in doors.items())]
    reading, writing = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, 4096)
    program = subprocess.Popen([*words, "--listen", f"127.0.0.1:{stage.port + 1}"], stderr=writing, preexec_fn=dies_with_us())
    stage.packager = packagers.Packager(program, f"http://127.0.0.1:{stage.port + 1}")
    try:
        said = b""
        while not all(f" {name}: live: ".encode() in said for name in doors):
            some = os.read(reading, 65536)
            claim(some, f"it did not start: {said.decode()}")
            said += some
        fill_pipe(writing)
        publishers["bad"].stop(signal.SIGKILL)
        claim(wait_until(lambda: {(one["name"], one["state"]) for one in stage.packager.streams()} == {("good", "live"), ("bad", "away")}, 10),
              f"{stage.packager.streams()}")
        first = segment_at_edge(stage, "good")
        time.sleep(5)
        last = segment_at_edge(stage, "good")
        claim(last >= first + 3, f"5 s later segment {last} is made, and {first} was")
        health = stage.packager.get("/healthz")
        claim(health == (200, b"ok\n"), f"/healthz: {health}")
        began = time.monotonic()
        program.send_signal(signal.SIGTERM)
        claim(program.wait(8) == 0, f"it ended with status {program.returncode}")
        took = time.monotonic() - began
    finally:
        program.kill()
        program.wait()
        os.close(reading)
        os.close(writing)
    return f"segments {first} to {last} behind a full pipe, ended after {took:.1f} s"


def health_is_of_the_packaging(stage: Stage) -> str:
    """While the packaging alone stands, what answers says so at /healthz; once it goes on, that is well again."""
    config = stage.work / "packager.toml"
    config.write_text(f'[http]\nthreads = 1\n[[stream]]\nname = "{STREAM}"\nsource = "udp://127.0.0.1:{stage.port + 2}"\n')
    stage.package("--config", str(config))
    health = (0, b"")

    def is_told(status: int, text: bytes) -> bool:
        nonlocal health
        health = stage.packager.get("/healthz")
        return health[0] == status and text in health[1]

    claim(wait_until(lambda: is_told(200, b"ok\n"), 5), f"at first: {health}")
    with one_thread_standing(packaging_thread(stage.packager.process.pid)):
        claim(wait_until(lambda: is_told(503, b"packaging stands"), 8), f"while it stands: {health}")
        said = health[1].decode().strip()
    claim(wait_until(lambda: is_told(200, b"ok\n"), 5), f"once it goes on: {health}")
    return f"503 ({said}), then 200"


def packaging_thread(pid: int) -> int:
    """With one thread that answers, which is the first: the other that has no name of its own."""
    tasks = Path(f"/proc/{pid}/task")
    own = (tasks / str(pid) / "comm").read_text()
    found = [int(task.name) for task in tasks.iterdir() if task.name != str(pid) and (task / "comm").read_text() == own]
    claim(len(found) == 1, f"{len(found)} threads may be the packaging")
    return found[0]


@contextlib.contextmanager
def one_thread_standing(thread: int):
    """SIGSTOP stops a whole process; a tracer stops one thread."""
    seize, interrupt, detach, wait_for_any = 0x4206, 0x4207, 17, 0x40000000
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes, ptrace.restype = [ctypes.c_long] * 4, ctypes.c_long
    if ptrace(seize, thread, 0, 0) != 0:
        raise Skip(f"no tracing here: {os.strerror(ctypes.get_errno())}")
    ptrace(interrupt, thread, 0, 0)
    os.waitpid(thread, wait_for_any)
    try:
        yield
    finally:
        ptrace(detach, thread, 0, 0)


def segment_at_edge(stage: Stage, name: str) -> int:
    status, body = stage.packager.get(f"/live/{name}/v0/index.m3u8")
    claim(status == 200, f"{name}: {status}")
    return edge(body.decode())[0]


def whom_it_calls_is_in_its_log_alone(stage: Stage) -> str:
    """Who may list the streams is not told where they come from, nor what the relay said."""
    stage.package(f"{STREAM}=srt://localhost:{stage.port}?streamid=hidden")
    claim(wait_until(lambda: f"nobody answers at localhost:{stage.port}" in stage.packager.process.log.read_text(), 15), stage.packager.process.log_tail(3))
    body = ""

    def is_told() -> bool:
        nonlocal body
        body = stage.packager.get("/api/streams.json")[1].decode()
        return "its source does not answer" in body

    claim(wait_until(is_told, 5) and str(stage.port) not in body and "localhost" not in body and "hidden" not in body, body)
    return "streams.json: its source does not answer"


def metrics_for_the_operator_alone(stage: Stage) -> str:
    """At addresses of its own, by the file and by the command line: there they are, and where viewers are they are not."""
    require_tools("curl")
    viewers, operator, config = stage.port + 1, stage.port + 3, stage.work / "packager.toml"
    config.write_text(f'[http]\nmetrics_listen = ["127.0.0.1:{operator}"]\n'
                      f'[[stream]]\nname = "{STREAM}"\nsource = "udp://127.0.0.1:{stage.port + 2}"\n')

    def ask(port: int, path: str) -> tuple[str, str]:
        done = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, timeout=15)
        body, _, status = (done.stdout or done.stderr).rpartition("\n")
        return status, body

    bare = f"{STREAM}=udp://127.0.0.1:{stage.port + 2}"
    for words in (["--config", str(config)], [bare, "--metrics-listen", f"127.0.0.1:{operator}"]):
        stage.package(*words)
        metric = f'fanlight_packager_source_drift_ppm{{stream="{STREAM}"}} 0'
        claim(wait_until(lambda: metric in ask(operator, "/metrics")[1], 5), f"{ask(operator, '/metrics')}")
        claim(ask(viewers, "/metrics")[0] == "404", f"at the viewers' address: {ask(viewers, '/metrics')}")
        claim(ask(viewers, "/healthz") == ask(operator, "/healthz") == ("200", "ok\n"), f"{ask(operator, '/healthz')}")
        claim(ask(viewers, "/api/streams.json")[0] == "200" and ask(operator, "/api/streams.json")[0] == "404", "the list of streams")
        claim(f"metrics at 127.0.0.1:{operator} alone" in stage.packager.process.log.read_text(), stage.packager.process.log_tail(5))
        stage.packager.process.stop(signal.SIGTERM)
        claim("stopped" in stage.packager.process.log.read_text(), stage.packager.process.log_tail(3))
    stage.package(bare)
    claim(ask(viewers, "/metrics")[0] == "200", "unless told otherwise they are where the rest is")
    return "200 at the operator's address, 404 at the viewers'"


def over_tls(stage: Stage) -> str:
    """HTTP/2 by ALPN under a certificate of our own, which SIGHUP reads again; the linter and the probes by both."""
    require_tools("curl", "node", "openssl")
    stage.processes.start("bare", source_words(stage.work / "bare.ts", f"udp://127.0.0.1:{stage.port + 2}?pkt_size=1316"))
    config = stage.work / "packager.toml"
    config.write_text(f'[http]\nlisten = ["127.0.0.1:{stage.port + 1}"]\ntls_listen = ["127.0.0.1:{stage.port + 3}"]\n'
                      f'[[stream]]\nname = "{STREAM}"\nsource = "udp://127.0.0.1:{stage.port + 2}"\n')
    state = stage.work / "state"
    stage.packager = packagers.start(stage.processes, stage.build, ["--config", str(config)], port=stage.port + 1,
                                     env={"XDG_STATE_HOME": str(state)})
    stage.wait_for_live()
    certificate = state / "fanlight" / "localhost.pem"
    claim(certificate.stat().st_mode & 0o777 == 0o600, "others may read the key")
    url = f"https://localhost:{stage.port + 3}/live/{STREAM}/v0/index.m3u8"

    def ask(*words: str) -> str:
        done = subprocess.run(["curl", "-sS", "--resolve", f"localhost:{stage.port + 3}:127.0.0.1", "--cacert", str(certificate), "-o",
                               str(stage.work / "answer"), "-w", "%{http_version} %{http_code}", *words, url],
                              capture_output=True, text=True, timeout=15)
        return (done.stdout + done.stderr).strip()

    claim(ask("--http2") == "2 200", f"HTTP/2: {ask('--http2')}")
    claim("#EXT-X-PART:" in (stage.work / "answer").read_text(), "no parts over HTTP/2")
    claim(ask("--http1.1") == "1.1 200", f"HTTP/1.1: {ask('--http1.1')}")
    multivariant = f"https://localhost:{stage.port + 3}/live/{STREAM}/index.m3u8"
    judges = (["node", str(LINT), multivariant, "--seconds", "6", "--frame-ms", str(FRAME_MS), "--media", "--dash", "--late-ms", "500"],
              ["node", str(PROBE), "--dash", multivariant])
    for words in [[*judge, *by] for judge in judges for by in ([], ["--h2"])]:
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        claim(done.returncode == 0, "\n".join(line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("ok"))[-1500:])
    # Another one at the same place is used from SIGHUP on, and not before.
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(certificate), "-out", str(certificate)],
                   check=True, capture_output=True, timeout=20)
    claim("certificate" in ask("--http2"), "a certificate is used that nobody asked to read")
    stage.packager.process.popen.send_signal(signal.SIGHUP)
    claim(wait_until(lambda: "the certificate was read again" in stage.packager.process.log.read_text(), 10), stage.packager.process.log_tail(3))
    claim(ask("--http2") == "2 200" and ask("--http1.1") == "1.1 200", f"under another certificate: {ask('--http2')}")
    # Without any, what there is stays.
    kept = stage.work / "kept.pem"
    kept.write_bytes(certificate.read_bytes())
    certificate.unlink()
    stage.packager.process.popen.send_signal(signal.SIGHUP)
    claim(wait_until(lambda: "stays what it was" in stage.packager.process.log.read_text(), 10), stage.packager.process.log_tail(3))
    kept.rename(certificate)  # For curl.
    claim(ask("--http2") == "2 200", f"a certificate that is gone: {ask('--http2')}")
    return f"HTTP/2 and HTTP/1.1, {done.stdout.strip().splitlines()[-1]}; another certificate is used from SIGHUP on, one that is gone is kept"


def a_certificate_that_cannot_be_renewed(stage: Stage) -> str:
    """Where no file may grow, one of ours that ends soon is used as it is; what there is stays."""
    require_tools("openssl")
    config, certificate, key = (stage.work / name for name in ("packager.toml", "localhost.pem", "localhost.key"))
    config.write_text(f'[http]\nlisten = ["127.0.0.1:{stage.port + 1}"]\ntls_listen = ["127.0.0.1:{stage.port + 3}"]\n'
                      f'[[stream]]\nname = "{STREAM}"\nsource = "udp://127.0.0.1:{stage.port + 2}"\n')
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "10", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
                   check=True, capture_output=True, timeout=20)
    before = certificate.read_bytes(), key.read_bytes()
    program = setup.find_program(stage.build, "fanlight-packager")
    # Its log is a pipe: a file could not grow either.
    packager = subprocess.Popen(["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", str(program), "--config", str(config)], text=True,
                                env={**os.environ, "STATE_DIRECTORY": str(stage.work)}, stderr=subprocess.PIPE, preexec_fn=dies_with_us())
    context = ssl.create_default_context(cafile=str(certificate))

    def answers() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", stage.port + 3), 5) as one, context.wrap_socket(one, server_hostname="localhost"):
                return True
        except OSError:
            return False

    try:
        is_up = wait_until(lambda: packager.poll() is not None or answers(), 10) and packager.poll() is None
    finally:
        packager.terminate()
        said = packager.communicate(timeout=15)[1]
    claim(is_up, f"ended with {packager.returncode}: {said[-600:]}")
    claim("ends soon, or has, and stays" in said, said[-600:])
    claim((certificate.read_bytes(), key.read_bytes()) == before, "another pair than before")
    return "it answers under the certificate that it had"


def a_page_that_was_installed(stage: Stage) -> str:
    """Where `meson install` puts it, if it is built, the installed program finds it."""
    built, prefix = stage.work / "build", stage.work / "prefix"
    install = ["sh", str(setup.ROOT / "hls-packager" / "page" / "install.sh")]
    env = {**os.environ, "MESON_BUILD_ROOT": str(built), "MESON_INSTALL_DESTDIR_PREFIX": str(prefix)}
    done = subprocess.run(install, env=env, capture_output=True, text=True, timeout=10)
    claim(done.returncode == 0 and "without its page" in done.stderr and not prefix.exists(), f"{done.returncode} {done.stderr}")
    dist = built / "hls-packager" / "page" / "dist"
    (dist / "assets").mkdir(parents=True)
    texts = {"index.html": "the list", "play.html": "the player", "assets/app.js": "the script"}
    for name, text in texts.items():
        (dist / name).write_text(text)
    subprocess.run(install, env=env, check=True, timeout=10)
    program = prefix / "bin" / "fanlight-packager"
    program.parent.mkdir()
    shutil.copy2(setup.find_program(stage.build, "fanlight-packager"), program)
    stage.packager = packagers.start(stage.processes, stage.build, [f"a=udp://127.0.0.1:{stage.port + 2}"], port=stage.port + 1, program=program)
    for path, name in (("/", "index.html"), ("/play/a", "play.html"), ("/assets/app.js", "assets/app.js")):
        found = stage.packager.get(path)
        claim(found == (200, texts[name].encode()), f"{path}: {found}")
    return f"{len(texts)} files"


def wrong_words(stage: Stage) -> str:
    program = str(setup.find_program(stage.build, "fanlight-packager"))
    config = stage.work / "wrong.toml"
    config.write_text("[[stream]]\nname = \"a b\"\nsource = \"http://x\"\npart_ms = 1\n")
    tries = {("--config", str(config)): (2, "wrong.toml:2: stream.name"), ("udp://127.0.0.1:5000",): (2, "NAME=URL"),
             ("a=udp://192.0.2.1:5000",): (1, "cannot listen at 192.0.2.1:5000"), (): (2, "--help"),
             ("--listen", "nowhere", "a=udp://127.0.0.1:5000"): (2, "not an address with a port"),
             ("--metrics-listen", "127.0.0.1:8080", "a=udp://127.0.0.1:5000"): (2, "viewers have that address"),
             ("a=udp://127.0.0.1:5000", "a/v0=udp://127.0.0.1:5001"): (2, "a folder of a's renditions"),
             ("--page", str(stage.work), "a=udp://127.0.0.1:5000"): (1, "has no index.html")}
    named = stage.work / "named.toml"
    named.write_text('[http]\ntls_listen = ["127.0.0.1:1"]\ncertificate = "/none.pem"\nkey = "/none.key"\npage = "/none"\n'
                     '[[stream]]\nname = "a"\nsource = "udp://127.0.0.1:5000"\n')
    tries[("--config", str(named), "--check")] = (2, "/none.pem")
    for words, (status, said) in tries.items():
        done = subprocess.run([program, *words], capture_output=True, text=True, timeout=10)
        claim(done.returncode == status and said in done.stderr, f"{words}: {done.returncode} {done.stderr}")
    claim("/none: cannot be read" in done.stderr, f"the page: {done.stderr}")
    return f"{len(tries)} told"


CASES = (a_player_is_given_what_was_published, parts_are_what_they_say, the_linter_is_content, pictures_that_are_reordered, the_probes_are_content,
         a_publisher_that_returns, a_relay_that_dies, a_stream_that_ends, a_source_of_nothing, keys_and_bare_streams, breaks_are_announced,
         captions_are_kept_and_announced, sound_that_is_sent_late, a_group_is_one_presentation, one_of_a_group_that_returns, every_codec, encrypted_with_keys_in_turn,
         a_wrong_passphrase_is_said, an_end_in_order, few_open_files, a_log_without_tokens, a_log_that_nobody_reads, health_is_of_the_packaging, metrics_for_the_operator_alone,
         whom_it_calls_is_in_its_log_alone, over_tls, a_certificate_that_cannot_be_renewed, a_page_that_was_installed, wrong_words)
_FIRST_PORT, _PORTS = 21_000, 10


def on_a_stage(build: Path, number: int, case) -> str:
    require_tools("ffmpeg")
    with tempfile.TemporaryDirectory(prefix="fanlight-live-") as directory, Processes(Path(directory)) as processes:
        return case(Stage(build, processes, Path(directory), _FIRST_PORT + number * _PORTS))


def main() -> int:
    args = arguments(__doc__).parse_args()
    stop_on_signals()
    results = Results()
    tasks = [(f"live/{case.__name__}",
              lambda case=case, number=number: results.run(f"live/{case.__name__}", lambda: on_a_stage(args.build_dir, number, case)))
             for number, case in enumerate(CASES) if args.only.search(f"live/{case.__name__}")]
    run_side_by_side(tasks, 3, results)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
