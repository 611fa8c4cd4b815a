#!/usr/bin/env python3
"""Strangers read what fanlight-packager writes, of files and live: hls-parser, mpd-parser and mp4box beside our own linter, value by
value; ffmpeg, which gives up at the first fault, and ffprobe. With --dash-schema, or its path in FANLIGHT_DASH_SCHEMA, xmllint holds
all MPDs, live ones too, against the schema of ISO/IEC 23009-1. Prints one line per case and the counts last.

examples:
  tests/packager/strangers.py
  tests/packager/strangers.py --only once
  tests/packager/strangers.py --dash-schema ~/DASHSchema/DASH-MPD.xsd
"""
from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
import packager as packagers  # noqa: E402
import setup  # noqa: E402
from captions import sending_words, write_captioned  # noqa: E402
from live import QUIET, SPLICER, STREAM, Stage, edge, source_words  # noqa: E402
from processes import Processes, dies_with_us, stop_on_signals, wait_until  # noqa: E402
from testing import Results, Skip, arguments, claim, require_tools, run_side_by_side  # noqa: E402

HERE = Path(__file__).resolve().parent / "strangers"
SECONDS = 6
WINDOW_S = 20
PICTURES = ["-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=30:duration={SECONDS}"]
SOUND = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={SECONDS}"]
H264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-keyint_min", "30", "-sc_threshold", "0", "-bf", "2", "-pix_fmt", "yuv420p"]
H265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=30:min-keyint=30:scenecut=0:open-gop=0:log-level=error", "-pix_fmt",
        "yuv420p"]
AAC = ["-c:a", "aac", "-b:a", "96k"]
FIRST_PORT, PORTS = 22_000, 10
SCHEMA_VARIABLE = "FANLIGHT_DASH_SCHEMA"
# What the schema imports from the web: XLink's attributes, as far as it names them.
XLINK = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/1999/xlink">
  <xs:attribute name="href" type="xs:anyURI"/><xs:attribute name="type" type="xs:token"/>
  <xs:attribute name="show" type="xs:token"/><xs:attribute name="actuate" type="xs:token"/>
</xs:schema>
"""
CATALOG = """<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
  <system systemId="http://www.w3.org/XML/2008/06/xlink.xsd" uri="xlink.xsd"/><uri name="http://www.w3.org/XML/2008/06/xlink.xsd" uri="xlink.xsd"/>
</catalog>
"""


@dataclass(frozen=True)
class Judges:
    build: Path
    modules: Path
    schema: Path | None

    def read(self, source: str, *words: str) -> subprocess.Popen:
        return subprocess.Popen(["node", str(HERE / "read.mjs"), "--modules", str(self.modules), source, *words], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, preexec_fn=dies_with_us())

    def validate(self, mpd: Path) -> None:
        said = self.complaints(mpd) if self.schema is not None else ""
        claim(said == "", f"xmllint: {said[-800:]}")

    def complaints(self, mpd: Path) -> str:
        (mpd.parent / "xlink.xsd").write_text(XLINK)
        (mpd.parent / "catalog.xml").write_text(CATALOG)
        done = subprocess.run(["xmllint", "--nonet", "--noout", "--schema", str(self.schema), str(mpd)], capture_output=True, text=True, timeout=30,
                              env={**os.environ, "XML_CATALOG_FILES": str(mpd.parent / "catalog.xml")})
        return "" if done.returncode == 0 else done.stderr.strip() or f"it ended with {done.returncode}"


def end_of(process: subprocess.Popen, seconds: float) -> tuple[str, str]:
    """What it said on stdout and stderr. One that does not end by itself is ended."""
    try:
        return process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        said = process.communicate()
        claim(False, f"{process.args[0]} did not end within {seconds} s: {(said[1] or said[0])[-600:]}")
        raise


def finish(reading: subprocess.Popen, seconds: float = 60) -> str:
    said = end_of(reading, seconds)[0].strip()
    claim(reading.returncode == 0, said[-1500:])
    return said.splitlines()[-1]


# --- of files

@dataclass
class Files:
    judges: Judges
    directory: Path

    def make(self, name: str, *words: str) -> Path:
        path = self.directory / name
        done = subprocess.run(["ffmpeg", *QUIET, "-y", *words, "-f", "mpegts", str(path)], capture_output=True, text=True, timeout=60)
        claim(done.returncode == 0, f"ffmpeg: {done.stderr.strip()}")
        return path

    def judge(self, *sources: Path) -> str:
        joined, out = self.directory / "joined.ts", self.directory / "out"
        joined.write_bytes(b"".join(one.read_bytes() for one in sources))
        program = setup.find_program(self.judges.build, "fanlight-packager")
        done = subprocess.run([str(program), "--once", str(joined), str(out)], capture_output=True, text=True, timeout=60)
        claim(done.returncode == 0, f"the packager: {done.stderr}")
        note = finish(self.judges.read(str(out)))
        self.judges.validate(out / "manifest.mpd")
        return note


def two_languages(files: Files) -> str:
    return files.judge(files.make("source.ts", *PICTURES, *SOUND, "-f", "lavfi", "-i", f"sine=frequency=880:duration={SECONDS}", "-map", "0", "-map", "1",
                                  "-map", "2", *H264, *AAC, "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"))


def h265(files: Files) -> str:
    return files.judge(files.make("source.ts", *PICTURES, *SOUND, *H265, "-c:a", "libopus"))


def sound_alone(files: Files) -> str:
    return files.judge(files.make("source.ts", "-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:duration={SECONDS}", *AAC))


def a_clock_and_a_format_that_change(files: Files) -> str:
    first = files.make("first.ts", *PICTURES, *SOUND, *H264, *AAC)
    later = files.make("later.ts", *PICTURES, *SOUND, *H264, *AAC, "-output_ts_offset", "5000")
    other = files.make("other.ts", "-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=30:duration={SECONDS}", *SOUND, *H264, *AAC)
    return files.judge(first, later, other)


def what_is_wrong_is_found(files: Files) -> str:
    """Who finds nothing must be able to."""
    files.judge(files.make("source.ts", *PICTURES, *SOUND, *H264, *AAC))
    out = files.directory / "out"
    wrong = {"v0/index.m3u8": (b"#EXTINF:2.0", b"#EXTINF:1.9"), "index.m3u8": (b"avc1.64", b"avc1.42"), "manifest.mpd": (b'<S t="', b'<S t="1'),
             "a0/index.m3u8": (b"s1.m4s\n", b"s2.m4s\n"), "v0/s1.m4s": (b"tfdt", b"free"), "a0/s0.m4s": (b"mdat", b"mdax"),
             "v0/index.m3u8 ": (b"#EXT-X-TARGETDURATION:2\n", b"")}
    for name, (was, becomes) in wrong.items():
        path = out / name.strip()
        right = path.read_bytes()
        claim(was in right, f"{name} has no {was!r}")
        path.write_bytes(right.replace(was, becomes, 1))
        reading = files.judges.read(str(out))
        said = end_of(reading, 60)[0]
        claim(reading.returncode != 0, f"{name} with {becomes!r} for {was!r} is right for them: {said}")
        path.write_bytes(right)
    return f"{len(wrong)} wrongs"


def the_schema_of_the_mpd(files: Files) -> str:
    """It is given, and finds what it is for; the MPDs of the other cases are held against it as well."""
    if files.judges.schema is None:
        raise Skip(f"no MPD is held against the schema of ISO/IEC 23009-1: give its DASH-MPD.xsd by --dash-schema or ${SCHEMA_VARIABLE}")
    require_tools("xmllint")
    files.judge(files.make("source.ts", *PICTURES, *SOUND, *H264, *AAC))
    mpd = files.directory / "out" / "manifest.mpd"
    right = mpd.read_text()
    wrong = {' type="static"': ' type="still"', "<Period ": '<Period begins="PT0S" ', "</AdaptationSet>": "<AdaptationSet/></AdaptationSet>"}
    for was, becomes in wrong.items():
        claim(was in right, f"the MPD has no {was!r}: {right[:1000]}")
        mpd.write_text(right.replace(was, becomes, 1))
        claim(files.judges.complaints(mpd) != "", f"{becomes!r} for {was!r} is right for it")
    return f"{len(wrong)} wrongs"


# --- live

@dataclass
class Live:
    judges: Judges
    stage: Stage

    def validate(self) -> None:
        mpd = self.stage.work / "manifest.mpd"
        mpd.write_bytes(self.stage.packager.get(f"/live/{STREAM}/manifest.mpd", 15)[1])
        self.judges.validate(mpd)

    def read(self, seconds: float, *words: str) -> subprocess.Popen:
        return self.judges.read(self.stage.packager.playlist(STREAM), "--seconds", str(seconds), *words)

    def wait_for_segment(self, number: int) -> None:
        claim(wait_until(lambda: edge(self.stage.playlist())[0] >= number, 60, 0.5), self.stage.playlist()[-300:])

    @property
    def mpd(self) -> str:
        return f"{self.stage.packager.base}/live/{STREAM}/manifest.mpd"


def ffmpeg_plays(source: str, seconds: int) -> subprocess.Popen:
    """To its first fault, in the file or in a picture."""
    return subprocess.Popen(["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "repeat+warning", "-xerror", "-err_detect", "explode", "-i", source, "-t", str(seconds),
                             "-map", "0:v:0", "-map", "0:a:0", "-fps_mode", "passthrough", "-f", "framehash", "-hash", "md5", "-"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=dies_with_us())


# It reads an EXT-X-MAP again with each segment, and says so; on a host that is too slow for it it falls behind.
HARMLESS = re.compile(r"^\s*$|Found duplicated MOOV Atom|skipping \d+ segments ahead")


def heard(playing: subprocess.Popen, what: str, seconds: int) -> str:
    out, said = end_of(playing, seconds + 60)
    complaints = [line for line in said.splitlines() if not HARMLESS.search(line)]
    claim(playing.returncode == 0, f"ffmpeg of {what}: {said.strip()[-600:]}")
    claim(not complaints, f"ffmpeg of {what} complains: {complaints[:4]}")
    frames = {track: len(re.findall(rf"^{track},", out, re.M)) for track in (0, 1)}
    claim(frames[0] >= 0.8 * 30 * seconds and frames[1] >= 0.8 * 46 * seconds, f"ffmpeg of {what}: {frames} frames in {seconds} s")
    return f"ffmpeg {what} {frames[0]}+{frames[1]} frames"


def probed(source: str) -> list[str]:
    done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,height,sample_rate", "-of", "csv=p=0", source],
                          capture_output=True, text=True, timeout=60)
    claim(done.returncode == 0 and not done.stderr.strip(), f"ffprobe {source}: {done.stderr}")
    return sorted({line.strip(",") for line in done.stdout.split()})


def a_steady_stream(live: Live) -> str:
    """ffmpeg counts where to begin in DASH from the window's age and ten seconds more: it can play from then on."""
    live.stage.start_relay()
    live.stage.publish()
    config = live.stage.work / "packager.toml"
    config.write_text(f'[[stream]]\nname = "{STREAM}"\nsource = "{packagers.source_url(live.stage.target)}"\nwindow_s = {WINDOW_S}\n')
    live.stage.package("--config", str(config))
    live.stage.wait_for_live()
    hls = live.stage.packager.playlist(STREAM)
    notes = [heard(ffmpeg_plays(hls, 8), "HLS", 8)]
    live.wait_for_segment(14)  # Deltas begin when there is more than six target durations.
    reading = live.read(6)
    live.wait_for_segment(WINDOW_S + 3)
    notes.append(heard(ffmpeg_plays(live.mpd, 14), "DASH", 14))  # Past what was there when it began.
    for source in (hls, live.mpd):
        claim(probed(source) == ["aac,48000", "h264,320,180"], f"ffprobe {source}: {probed(source)}")
    live.validate()
    note = finish(reading)
    claim(" 0 deltas" not in note, note)
    return ", ".join([note, *notes])


def a_publisher_that_returns_and_ends(live: Live) -> str:
    """A discontinuity, a second period, and the end of the playlists. Who plays since before does so to the end (H-80)."""
    bare = f"127.0.0.1:{live.stage.port + 2}"
    words = source_words(live.stage.work / "copy.ts", f"udp://{bare}?pkt_size=1316")
    publisher = live.stage.processes.start("publisher1", words)
    config = live.stage.work / "packager.toml"
    config.write_text(f'[[stream]]\nname = "{STREAM}"\nsource = "udp://{bare}"\ngrace_s = 4\n')
    live.stage.package("--config", str(config))
    live.stage.wait_for_live()
    playing = ffmpeg_plays(live.stage.packager.playlist(STREAM), 12)
    time.sleep(3)
    publisher.stop(signal.SIGINT)
    live.stage.processes.start("publisher2", words)
    claim(wait_until(lambda: "#EXT-X-DISCONTINUITY\n" in live.stage.playlist(), 20), live.stage.playlist())
    note = finish(live.read(5))
    live.validate()
    note = f"{note}, {heard(playing, 'over the return', 12)}"
    live.stage.processes.running[-1].stop(signal.SIGINT)
    claim(wait_until(lambda: "#EXT-X-ENDLIST" in live.stage.playlist(), 30), live.stage.playlist())
    end = finish(live.read(0, "--hls"))
    return f"{note}; at the end {end}"


def breaks_and_captions(live: Live) -> str:
    """Date ranges and events; captions, of which the multivariant and the MPD tell."""
    bare, cues = f"127.0.0.1:{live.stage.port + 2}", live.stage.work / "cues"
    unspliced = f"127.0.0.1:{live.stage.port + 3}"
    write_captioned(live.stage.work / "captioned.ts", 60)
    live.stage.processes.start("splicer", [sys.executable, str(SPLICER), "--listen", unspliced, "--to", bare, "--cues", str(cues)])
    live.stage.processes.start("publisher", sending_words(live.stage.work / "captioned.ts", f"udp://{unspliced}?pkt_size=1316"))
    live.stage.package(f"{STREAM}=udp://{bare}")
    live.stage.wait_for_live(30)
    cues.write_text("out 77 3 4\n")
    claim(wait_until(lambda: "SCTE35-OUT" in live.stage.playlist(), 20), live.stage.playlist())
    note = finish(live.read(5))
    live.validate()
    return note


ONCE = (two_languages, h265, sound_alone, a_clock_and_a_format_that_change, what_is_wrong_is_found, the_schema_of_the_mpd)
LIVE = (a_steady_stream, a_publisher_that_returns_and_ends, breaks_and_captions)


def on_files(judges: Judges, case) -> str:
    require_tools("ffmpeg", "ffprobe", "node")
    with tempfile.TemporaryDirectory(prefix="fanlight-strangers-") as directory:
        return case(Files(judges, Path(directory)))


def on_a_stage(judges: Judges, number: int, case) -> str:
    require_tools("ffmpeg", "ffprobe", "node")
    with tempfile.TemporaryDirectory(prefix="fanlight-strangers-") as directory, Processes(Path(directory)) as processes:
        return case(Live(judges, Stage(judges.build, processes, Path(directory), FIRST_PORT + number * PORTS)))


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--dash-schema", type=lambda text: Path(text).resolve(), metavar="FILE", default=os.environ.get(SCHEMA_VARIABLE) or None,
                        help=f"DASH-MPD.xsd of ISO/IEC 23009-1: xmllint holds the MPDs against it (default: ${SCHEMA_VARIABLE})")
    args = parser.parse_args()
    if args.dash_schema is not None and not args.dash_schema.is_file():
        parser.error("there is no such schema")
    stop_on_signals()
    results = Results()
    judges = Judges(args.build_dir, setup.install_modules(HERE, args.build_dir / "strangers"), args.dash_schema)
    cases = [(f"strangers/once/{case.__name__}", lambda case=case: on_files(judges, case)) for case in ONCE]
    cases += [(f"strangers/live/{case.__name__}", lambda case=case, number=number: on_a_stage(judges, number, case)) for number, case in enumerate(LIVE)]
    tasks = [(name, lambda name=name, run=run: results.run(name, run)) for name, run in cases if args.only.search(name)]
    run_side_by_side(tasks, 2, results)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
