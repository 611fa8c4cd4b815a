#!/usr/bin/env python3
"""fanlight-packager --once beside strangers: what ffmpeg decodes of the HLS and of the DASH is, picture by picture and
sample by sample, what it decodes of the transport stream. Prints one line per case and the counts last.

examples:
  tests/packager/packager.py
  tests/packager/packager.py --only h265
  tests/packager/packager.py --build-dir build-debug
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
import setup  # noqa: E402
from testing import Results, arguments, claim, require_tools, run_side_by_side  # noqa: E402

SECONDS = 7
PICTURES = ["-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=30:duration={SECONDS}"]
SOUND = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={SECONDS}"]
H264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-keyint_min", "30", "-sc_threshold", "0", "-pix_fmt", "yuv420p"]
AAC = ["-c:a", "aac", "-b:a", "96k"]
QUIET = ["-hide_banner", "-nostdin", "-loglevel", "error"]
PACKET = 188
MEDIA = {"v": "video", "a": "audio"}


def run(argv: list[str], seconds: float = 60) -> subprocess.CompletedProcess:
    return subprocess.run(argv, capture_output=True, text=True, timeout=seconds)


def ffmpeg(*words: str) -> str:
    done = run(["ffmpeg", *QUIET, "-y", *words])
    claim(done.returncode == 0, f"ffmpeg {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


@dataclass
class Work:
    """A directory of its own, and the packager."""
    packager: Path
    directory: Path

    def make(self, name: str, *words: str) -> Path:
        path = self.directory / name
        ffmpeg(*words, "-f", "mpegts", str(path))
        return path

    def package(self, source: Path, *words: str) -> tuple[Path, str]:
        out = self.directory / "out"
        done = run([str(self.packager), "--once", str(source), str(out), *words])
        claim(done.returncode == 0, f"the packager: {done.stderr}")
        return out, done.stdout + done.stderr


def hashes(source: str, stream: str, *, strict: bool = True) -> list[str]:
    """What it decodes to, a hash a frame; sound in blocks of samples, for frames are cut otherwise elsewhere."""
    blocks = ["-af", "asetnsamples=n=1024:p=0", "-c:a", "pcm_s16le"] if stream.startswith("a") else []
    careful = ["-xerror"] if strict else []
    # Demuxers of playlists hand over all programs: the first is asked for.
    words = [*careful, "-allowed_extensions", "ALL", "-i", source] if source.endswith(".m3u8") else [*careful, "-i", source]
    out = ffmpeg(*words, "-map", f"0:{stream}", *blocks, "-fps_mode", "passthrough", "-f", "framehash", "-hash", "md5", "-")
    return [line.split(",")[-1].strip() for line in out.splitlines() if line and not line.startswith("#")]


def samples(source: Path) -> bytes:
    pcm = source.with_suffix(".pcm")
    ffmpeg("-xerror", "-i", str(source), "-map", "0:a:0", "-f", "s16le", str(pcm))
    return pcm.read_bytes()


def same(want: list[str], got: list[str], what: str, lost_at_start: int = 0) -> str:
    claim(len(want) > 0, f"{what}: nothing to compare with")
    claim(got == want[lost_at_start:], f"{what}: {len(got)} frames of {len(want)}; the first that differs is "
          f"{next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))}")
    return f"{what} {len(got)}"


def judge(source: Path, out: Path, streams: tuple[str, ...]) -> str:
    notes = []
    for stream in streams:
        want = hashes(str(source), stream)
        for manifest in ("index.m3u8", "manifest.mpd"):
            notes.append(same(want, hashes(str(out / manifest), stream), f"{manifest} {stream}"))
    return "equal frames: " + ", ".join(notes)


def probe(path: Path, entries: str) -> str:
    done = run(["ffprobe", "-v", "error", "-show_entries", entries, "-of", "csv=p=0", str(path)])
    claim(done.returncode == 0, f"ffprobe {path.name}: {done.stderr}")
    return done.stdout


# --- cases

def codecs(work: Work, *encoding: str, streams: tuple[str, ...] = ("v:0", "a:0")) -> str:
    source = work.make("source.ts", *encoding)
    out, _ = work.package(source)
    return judge(source, out, streams)


def h264_with_reordered_pictures(work: Work) -> str:
    return codecs(work, *PICTURES, *SOUND, *H264, "-bf", "3", "-b_strategy", "0", *AAC)


def h265(work: Work) -> str:
    return codecs(work, *PICTURES, *SOUND, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
                  "keyint=30:min-keyint=30:scenecut=0:open-gop=0:log-level=error", "-pix_fmt", "yuv420p", *AAC)


def first_shown(path: Path, stream: str) -> float:
    """The earliest time at which something of it is shown, in seconds: the first 40 packets are looked at."""
    done = run(["ffprobe", "-v", "error", "-allowed_extensions", "ALL", "-select_streams", stream, "-read_intervals", "%+#40",
                "-show_entries", "packet=pts_time", "-of", "csv=p=0", str(path)]) if path.suffix == ".m3u8" else \
        run(["ffprobe", "-v", "error", "-select_streams", stream, "-read_intervals", "%+#40", "-show_entries", "packet=pts_time",
             "-of", "csv=p=0", str(path)])
    claim(done.returncode == 0 and done.stdout.strip() != "", f"ffprobe {path.name} {stream}: {done.stderr}")
    return min(float(line.strip(",")) for line in done.stdout.split())


def pictures_and_sound_keep_their_distance(work: Work) -> str:
    source = work.make("source.ts", *PICTURES, *SOUND, *H264, "-bf", "3", "-b_strategy", "0", *AAC)
    out, _ = work.package(source)
    apart = [first_shown(path, "v:0") - first_shown(path, "a:0") for path in (source, out / "index.m3u8", out / "manifest.mpd")]
    claim(max(apart) - min(apart) < 0.001, f"pictures begin {apart} s behind the sound, in the source, HLS and DASH")
    return f"pictures begin {apart[0]:.3f} s behind the sound, as in the source"


def sound_alone(work: Work) -> str:
    """At 44.1 kHz a frame is no whole number of the transport stream's ticks: what counts is samples."""
    note = codecs(work, "-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:duration={SECONDS}", *AAC, streams=("a:0",))
    folder, joined = work.directory / "out" / "a0", work.directory / "joined.mp4"
    segments = sorted(folder.glob("s*.m4s"), key=lambda path: int(path.stem[1:]))
    joined.write_bytes(b"".join(path.read_bytes() for path in [folder / "i0.mp4", *segments]))
    times = [int(line.strip(",")) for line in probe(joined, "packet=pts").split()]
    steps = {after - before for before, after in zip(times, times[1:])}
    claim(steps == {1024}, f"frames are {steps} samples apart")
    return note


def two_languages(work: Work) -> str:
    source = work.make("source.ts", *PICTURES, *SOUND, "-f", "lavfi", "-i", f"sine=frequency=880:duration={SECONDS}", "-map", "0",
                       "-map", "1", "-map", "2", *H264, *AAC, "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu")
    out, said = work.package(source)
    claim("eng" in said and "deu" in said, f"languages are not told: {said}")
    text = (out / "index.m3u8").read_text()
    claim('LANGUAGE="eng"' in text and 'LANGUAGE="deu"' in text, text)
    roles = re.findall(r'role:2011" value="(\w+)"', (out / "manifest.mpd").read_text())
    claim(roles == ["main", "main", "alternate"], f"pictures and sounds are {roles}")
    return judge(source, out, ("v:0", "a:0", "a:1"))


def the_maps_first_sound_is_the_default(work: Work) -> str:
    """Whoever's frames come first: those of the second begin a fifth of a second earlier."""
    source = work.make("source.ts", *PICTURES, "-itsoffset", "0.2", *SOUND, "-f", "lavfi", "-i", f"sine=frequency=880:duration={SECONDS}", "-map", "0",
                       "-map", "1", "-map", "2", *H264, *AAC, "-metadata:s:a:0", "language=deu", "-metadata:s:a:1", "language=eng")
    out, _ = work.package(source)
    choices = re.findall(r'LANGUAGE="(\w+)",DEFAULT=(\w+)', (out / "index.m3u8").read_text())
    claim(choices == [("deu", "YES"), ("eng", "NO")], f"HLS: {choices}")
    roles = re.findall(r'lang="(\w+)".*?role:2011" value="(\w+)"', (out / "manifest.mpd").read_text(), re.DOTALL)
    claim(roles == [("deu", "main"), ("eng", "alternate")], f"DASH: {roles}")
    return f"{choices}"


def sound_for_who_does_not_see(work: Work) -> str:
    source = work.make("source.ts", *PICTURES, *SOUND, "-f", "lavfi", "-i", f"sine=frequency=880:duration={SECONDS}", "-map", "0", "-map", "1", "-map", "2",
                       *H264, *AAC, "-metadata:s:a:0", "language=deu", "-disposition:a:0", "visual_impaired", "-metadata:s:a:1", "language=eng")
    out, _ = work.package(source)
    choices = re.findall(r'LANGUAGE="(\w+)",DEFAULT=(\w+),AUTOSELECT=YES,(\w+)=', (out / "index.m3u8").read_text())
    claim(choices == [("eng", "YES", "CHANNELS"), ("deu", "NO", "CHARACTERISTICS")], f"HLS: {choices}")
    mpd = (out / "manifest.mpd").read_text()
    roles = re.findall(r'lang="(\w+)".*?role:2011" value="(\w+)"', mpd, re.DOTALL)
    claim(sorted(roles) == [("deu", "alternate"), ("eng", "main")] and mpd.count("AudioPurposeCS:2007") == 1, f"DASH: {roles}")
    labels = re.findall("<Label>(.*)</Label>", mpd)
    claim(sorted(labels) == ["deu, described a0", "eng a1"], f"DASH: {labels}")
    return f"{choices}"


def groups_have_the_same_members(work: Work) -> str:
    """English in both codecs, German in AAC alone: of AC-3 as well, lest a language be missing there."""
    tones = [word for hertz in (440, 880, 660) for word in ("-f", "lavfi", "-i", f"sine=frequency={hertz}:duration={SECONDS}")]
    source = work.make("source.ts", *PICTURES, *tones, *(word for i in range(4) for word in ("-map", str(i))), *H264, "-c:a", "aac", "-c:a:1", "ac3",
                       *(word for i, language in enumerate(("eng", "eng", "deu")) for word in (f"-metadata:s:a:{i}", f"language={language}")))
    out, _ = work.package(source)
    text = (out / "index.m3u8").read_text()
    members = {(group, name): (default, folder) for group, name, default, folder in
               re.findall(r'GROUP-ID="([\w-]+)",NAME="(\w+)",.*DEFAULT=(\w+),.*URI="(\w+)/', text)}
    claim(len(members) == 4 and len({folder for _, folder in members.values()}) == 3, text)
    claim(members["aac", "deu"] == members["ac-3", "deu"], text)
    claim([members[group, name][0] for group in ("aac", "ac-3") for name in ("eng", "deu")] == ["YES", "NO", "YES", "NO"], text)
    claim(re.findall(r'CODECS="avc1\.\w+,([^"]*)".*AUDIO="([^"]*)"', text) == [("mp4a.40.2", "aac"), ("ac-3,mp4a.40.2", "ac-3")], text)
    wanted = {tuple(hashes(str(source), f"a:{i}")) for i in range(3)}
    claim({tuple(hashes(str(out / "index.m3u8"), f"a:{i}")) for i in range(4)} == wanted, "not the sounds that were sent")
    return f"{members}"


def ac3(work: Work) -> str:
    return codecs(work, *PICTURES, *SOUND, *H264, "-c:a", "ac3")


def eac3(work: Work) -> str:
    return codecs(work, *PICTURES, *SOUND, *H264, "-c:a", "eac3")


def opus(work: Work) -> str:
    """A transport stream says with its first frame how many samples are the encoder's run-up; players leave them out."""
    run_up = 312
    source = work.make("source.ts", *PICTURES, *SOUND, *H264, "-c:a", "libopus")
    out, _ = work.package(source)
    want = samples(source)[2 * run_up:]
    for manifest in ("index.m3u8", "manifest.mpd"):
        claim(samples(out / manifest) == want, f"{manifest}: not the sound that was sent")
    return f"{judge(source, out, ('v:0',))}, {len(want) // 2} samples of sound"


def times_that_wrap(work: Work) -> str:
    """33 bits of 90 kHz end 3 s into it."""
    source = work.make("source.ts", *PICTURES, *SOUND, *H264, *AAC, "-output_ts_offset", str(2**33 / 90_000 - 3))
    out, _ = work.package(source)
    claim("DISCONTINUITY\n" not in (out / "v0" / "index.m3u8").read_text(), "a wrap is no discontinuity")
    return judge(source, out, ("v:0", "a:0"))


def a_clock_that_jumps(work: Work) -> str:
    first = work.make("first.ts", *PICTURES, *SOUND, *H264, *AAC)
    second = work.make("second.ts", *PICTURES, *SOUND, *H264, *AAC, "-output_ts_offset", "5000")
    both = work.directory / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    out, _ = work.package(both)
    for folder in ("v0", "a0"):
        text = (out / folder / "index.m3u8").read_text()
        claim(text.count("#EXT-X-DISCONTINUITY\n") == 1, f"{folder}: {text}")
    claim((out / "manifest.mpd").read_text().count("<Period") == 2, "a period for each")
    notes = [same(hashes(str(first), s) + hashes(str(second), s), hashes(str(out / "index.m3u8"), s), s) for s in ("v:0",)]
    return "equal frames: " + ", ".join(notes)


def pids_that_are_numbered_anew(work: Work) -> str:
    """Two files in a row, of other PIDs each; then the first again. One rendition each of pictures and sound has it all."""
    first = work.make("first.ts", *PICTURES, *SOUND, *H264, *AAC)
    second = work.make("second.ts", "-f", "lavfi", "-i", f"testsrc=size=320x180:rate=30:duration={SECONDS}", *SOUND, *H264, *AAC,
                       "-mpegts_start_pid", "0x200", "-mpegts_pmt_start_pid", "0x1000", "-mpegts_flags", "+initial_discontinuity")
    all_of_it = work.directory / "all.ts"
    all_of_it.write_bytes(first.read_bytes() + second.read_bytes() + first.read_bytes())
    out, said = work.package(all_of_it)
    claim(sorted(path.name for path in out.iterdir()) == ["a0", "index.m3u8", "manifest.mpd", "v0"], said)
    claim("PID 256, 512" in said and "PID 257, 513" in said, said)
    for folder in ("v0", "a0"):
        text = (out / folder / "index.m3u8").read_text()
        claim(text.count("#EXT-X-DISCONTINUITY\n") == 2 and "#EXT-X-GAP" not in text, f"{folder}: {text}")
    claim((out / "manifest.mpd").read_text().count("<Period") == 3, "a period for each")
    want = hashes(str(first), "v:0") + hashes(str(second), "v:0") + hashes(str(first), "v:0")
    sounds = len(packets(first, "a:0")) * 2 + len(packets(second, "a:0"))
    got = len(packets(out / "index.m3u8", "a:0", "-allowed_extensions", "ALL"))
    claim(got == sounds, f"{got} frames of sound of {sounds}")
    return f"equal frames: {same(want, hashes(str(out / 'index.m3u8'), 'v:0'), 'v:0')}, {got} of sound"


def a_format_that_changes(work: Work) -> str:
    first = work.make("first.ts", *PICTURES, *SOUND, *H264, *AAC)
    second = work.make("second.ts", "-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=30:duration={SECONDS}", *SOUND, *H264, *AAC)
    both = work.directory / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    out, _ = work.package(both)
    sizes = [probe(out / "v0" / f"i{i}.mp4", "stream=width,height").strip() for i in (0, 1)]
    claim(sizes == ["320,180", "640,360"], f"init segments are of {sizes}")
    text = (out / "v0" / "index.m3u8").read_text()
    claim(text.count("#EXT-X-MAP:") == 2 and text.count("#EXT-X-DISCONTINUITY\n") == 1, text)
    codecs = re.search(r'CODECS="([^"]*)"', (out / "index.m3u8").read_text())[1].split(",")
    claim(len([one for one in codecs if one.startswith("avc1.")]) == 2 and len(codecs) == 3, f"players need {codecs}")
    return f"two init segments, one discontinuity, {codecs}"


def sound_that_pauses(work: Work) -> str:
    """For five seconds. Names in its playlist go on by number, over gaps; discontinuities are the same in both; an MPD's segments are there."""
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=12"]
    source = work.make("source.ts", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30:duration=12", *sound, *H264, *AAC)
    packets = [source.read_bytes()[i:i + PACKET] for i in range(0, source.stat().st_size, PACKET)]
    pid = int(probe(source, "stream=id,codec_type").split("audio,")[1].split()[0], 0)
    is_sound = [((packet[1] & 0x1F) << 8 | packet[2]) == pid for packet in packets]
    starts = [i for i, packet in enumerate(packets) if is_sound[i] and packet[1] & 0x40]
    first, last = starts[len(starts) // 4], starts[2 * len(starts) // 3]
    holed = work.directory / "holed.ts"
    holed.write_bytes(b"".join(packet for i, packet in enumerate(packets) if not (is_sound[i] and first <= i < last)))
    out, _ = work.package(holed)
    texts = {folder: (out / folder / "index.m3u8").read_text() for folder in ("v0", "a0")}
    for folder, text in texts.items():
        named = [name for gap, name in re.findall(r"(#EXT-X-GAP\n)?#EXTINF:.*\n(s\d+\.m4s)", text) if not gap]
        claim(named == [path.name for path in segments_in(out / folder)], f"{folder}: {text}")
    claim("#EXT-X-GAP" in texts["a0"] and "#EXT-X-GAP" not in texts["v0"], texts["a0"])
    claim(len({text.count("#EXT-X-DISCONTINUITY\n") for text in texts.values()}) == 1, str(texts))
    claim([text.count("#EXTINF") for text in texts.values()] == [len(segments_in(out / "v0"))] * 2, str(texts))
    want, got = len(hashes(str(holed), "a:0", strict=False)), len(hashes(str(out / "a0" / "index.m3u8"), "a:0", strict=False))
    claim(got == want, f"{got} frames of sound of {want}")
    mpd = (out / "manifest.mpd").read_text()
    promised = [f"s{number}.m4s" for start, lines in re.findall(r'startNumber="(\d+)" initialization="a0/[^>]*>(.*?)</SegmentTimeline>', mpd, re.DOTALL)
                for number in range(int(start), int(start) + sum(1 + int(more or 0) for more in re.findall(r'<S [^/]*?(?:r="(\d+)")?/>', lines)))]
    claim(promised == [path.name for path in segments_in(out / "a0")], f"the MPD has {promised}: {mpd}")
    return f"{texts['a0'].count('#EXT-X-GAP')} segments missing"


def packets_that_are_missing(work: Work) -> str:
    source = work.make("source.ts", *PICTURES, *SOUND, *H264, *AAC)
    packets = source.read_bytes()
    holes = {i for i in range(500, len(packets) // PACKET, 700)}
    torn = work.directory / "torn.ts"
    torn.write_bytes(b"".join(packets[i * PACKET:(i + 1) * PACKET] for i in range(len(packets) // PACKET) if i not in holes))
    out, said = work.package(torn)
    claim("packets were missing" in said, said)
    want, got = len(hashes(str(source), "v:0")), len(hashes(str(out / "index.m3u8"), "v:0", strict=False))
    claim(want - len(holes) <= got < want, f"{got} pictures of {want}, {len(holes)} packets missing")
    return f"{len(holes)} packets gone, {want - got} pictures of {want} left out"


def every_segment_begins_with_an_idr(work: Work) -> str:
    source = work.make("source.ts", *PICTURES, *SOUND, *H264, "-bf", "2", *AAC)
    out, _ = work.package(source, "--segment-seconds", "1")
    segments = sorted((out / "v0").glob("s*.m4s"), key=lambda path: int(path.stem[1:]))
    claim(len(segments) == SECONDS, f"{len(segments)} segments")
    told = re.findall(r"#EXTINF:([0-9.]+)", (out / "v0" / "index.m3u8").read_text())
    claim([float(one) for one in told] == [1.0] * SECONDS, f"they are said to last {told} s")
    for segment in segments:
        alone = work.directory / "alone.mp4"
        alone.write_bytes((out / "v0" / "i0.mp4").read_bytes() + segment.read_bytes())
        claim(len(hashes(str(alone), "v:0")) == 30, f"{segment.name} alone is not 30 pictures")
    return f"{len(segments)} segments, each of 30 pictures, alone"


KEYS = {"000102030405060708090a0b0c0d0e0f": "2b7e151628aed2a6abf7158809cf4f3c",
        "101112131415161718191a1b1c1d1e1f": "3c4fcf098815f7aba6d2ae2816157e2b"}


def keys_file(work: Work, count: int) -> Path:
    path = work.directory / "keys.txt"
    path.write_text("# of this test\n" + "".join(f"{key_id}:{key}\n" for key_id, key in list(KEYS.items())[:count]))
    path.chmod(0o600)
    return path


def packets(path: Path, stream: str, *words: str) -> list[str]:
    """The bytes of each coded frame, by their hashes: nothing is decoded."""
    out = ffmpeg("-xerror", *words, "-i", str(path), "-map", f"0:{stream}", "-c", "copy", "-f", "framehash", "-hash", "md5", "-")
    return [line.split(",")[-1].strip() for line in out.splitlines() if line and not line.startswith("#")]


def segments_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("s*.m4s"), key=lambda path: int(path.stem[1:]))


def encrypted_once(work: Work, *encoding: str) -> str:
    """One key: ffmpeg reads it where the playlist says, and for DASH is told it."""
    source = work.make("source.ts", *PICTURES, *SOUND, *encoding)
    clear, _ = work.package(source)
    clear = clear.rename(work.directory / "clear")
    out, _ = work.package(source, "--keys", str(keys_file(work, 1)), "--serve-keys")
    key_id, key = next(iter(KEYS.items()))
    claim((out / f"{key_id}.key").read_bytes() == bytes.fromhex(key), "the key is beside the playlists")
    claim('"k":"K34VFiiu0qar9xWICc9PPA"' in (out / "licence.json").read_text(), "and in the licence")
    for folder in ("v0", "a0"):
        for ours, theirs in zip(segments_in(clear / folder), segments_in(out / folder), strict=True):
            claim(ours.read_bytes() != theirs.read_bytes(), f"{theirs} is in the clear")
    notes = []
    for stream in ("v:0", "a:0"):
        want = packets(clear / "index.m3u8", stream, "-allowed_extensions", "ALL")
        notes.append(same(want, packets(out / "index.m3u8", stream, "-allowed_extensions", "ALL"), f"HLS {stream}"))
        notes.append(same(want, packets(out / "manifest.mpd", stream, "-cenc_decryption_key", key), f"DASH {stream}"))
    return "equal packets: " + ", ".join(notes)


def encrypted_h264(work: Work) -> str:
    return encrypted_once(work, *H264, "-bf", "3", "-b_strategy", "0", "-x264-params", "slices=3:weightp=2", *AAC)


def encrypted_h265(work: Work) -> str:
    return encrypted_once(work, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
                          "keyint=30:min-keyint=30:scenecut=0:open-gop=0:log-level=error", "-pix_fmt", "yuv420p", "-c:a", "ac3")


def encrypted_with_keys_in_turn(work: Work) -> str:
    """A key for two segments each: every segment behind the init segment that the playlist has for it, under its own key,
    and under the other one nothing that could be played."""
    source = work.make("source.ts", *PICTURES, *SOUND, *H264, *AAC)
    clear, _ = work.package(source, "--segment-seconds", "1")
    clear = clear.rename(work.directory / "clear")
    out, _ = work.package(source, "--segment-seconds", "1", "--keys", str(keys_file(work, 2)), "--rotate-segments", "2")
    claim(not list(out.glob("*.key")) and not (out / "licence.json").exists(), "keys are written unasked")
    frames = 0
    for folder, stream in (("v0", "v:0"), ("a0", "a:0")):
        text = (out / folder / "index.m3u8").read_text()
        maps = re.findall(r'KEYFORMAT="identity"\n#EXT-X-MAP:URI="(.*)"', text)
        claim(maps == ["i0.mp4", "i0.1.mp4", "i0.mp4", "i0.1.mp4"], f"{folder}: {maps}")
        for number, (ours, theirs) in enumerate(zip(segments_in(clear / folder), segments_in(out / folder), strict=True)):
            slot = number // 2 % 2
            key_id, key = list(KEYS.items())[slot]
            init = (out / folder / ("i0.mp4", "i0.1.mp4")[slot]).read_bytes()
            claim(bytes.fromhex(key_id) in init, f"{folder} {number}: not the key's init segment")
            claim((b"seig" in theirs.read_bytes()) == (slot == 1), f"{folder} {number}: groups of samples")
            alone, plain = work.directory / "alone.mp4", work.directory / "plain.mp4"
            plain.write_bytes((clear / folder / "i0.mp4").read_bytes() + ours.read_bytes())
            alone.write_bytes(init + theirs.read_bytes())
            want = packets(plain, stream)
            frames += len(want)
            claim(packets(alone, stream, "-decryption_key", key) == want, f"{folder} {number}: not what is in the clear")
            other = list(KEYS.values())[1 - slot]
            claim(packets(alone, stream, "-decryption_key", other) != want, f"{folder} {number}: the key does not matter")
    return f"{frames} frames under two keys"


def keys_that_cannot_be_used(work: Work) -> str:
    source = work.make("source.ts", *SOUND, *AAC)
    keys, out = keys_file(work, 2), str(work.directory / "out")
    keys.chmod(0o640)
    loose = run([str(work.packager), "--once", str(source), out, "--keys", str(keys)])
    claim(loose.returncode == 2 and f"chmod 600 {keys}" in loose.stderr, loose.stderr)
    keys.chmod(0o600)
    keys.write_text(f"\n{next(iter(KEYS.values()))}\n")
    odd = run([str(work.packager), "--once", str(source), out, "--keys", str(keys)])
    claim(odd.returncode == 2 and f"{keys}:2: a line that is no key" in odd.stderr, odd.stderr)
    claim(next(iter(KEYS.values())) not in odd.stderr, "a key is shown")
    claim(not Path(out).exists(), "nothing is begun")
    return "told with file, line and what to do"


def bad_input(work: Work) -> str:
    out, noise = work.directory / "out", work.directory / "noise.ts"
    noise.write_bytes(os.urandom(300_000))
    wrong = {"not there": ([str(work.directory / "none.ts"), str(out)], "cannot read"),
             "noise": ([str(noise), str(work.directory / "noise")], "no track"),
             "full directory": ([str(noise), str(work.directory)], "not an empty directory")}
    for what, (words, said) in wrong.items():
        done = run([str(work.packager), "--once", *words])
        claim(done.returncode == 1 and said in done.stderr and done.stderr.count("\n") == 1, f"{what}: {done.returncode} {done.stderr}")
    source = work.make("source.ts", *PICTURES, *H264)
    done = run([str(work.packager), "--once", str(source), str(work.directory / "another"), "--program", "7"])
    claim(done.returncode == 1 and "no program 7 with a track" in done.stderr, f"another program: {done.returncode} {done.stderr}")
    for text in ("nan", "0.1", "61"):
        done = run([str(work.packager), "--once", str(source), str(work.directory / text), "--segment-seconds", text])
        claim(done.returncode > 1 and "--segment-seconds" in done.stderr, f"segments of {text} s: {done.returncode} {done.stderr}")
    claim(run([str(work.packager)]).returncode != 0, "nothing asked for is wrong usage")
    claim("examples:" in run([str(work.packager), "--help"]).stdout, "--help has examples")
    return f"{', '.join(wrong)}: told, with what to do"


CASES = (h264_with_reordered_pictures, pictures_and_sound_keep_their_distance, h265, sound_alone, two_languages, the_maps_first_sound_is_the_default, sound_for_who_does_not_see,
         groups_have_the_same_members, ac3, eac3, opus, times_that_wrap, a_clock_that_jumps, pids_that_are_numbered_anew,
         a_format_that_changes, sound_that_pauses, packets_that_are_missing, every_segment_begins_with_an_idr, encrypted_h264, encrypted_h265, encrypted_with_keys_in_turn,
         keys_that_cannot_be_used, bad_input)


def on_a_work(packager: Path, case) -> str:
    require_tools("ffmpeg", "ffprobe")
    with tempfile.TemporaryDirectory(prefix="fanlight-packager-") as directory:
        return case(Work(packager, Path(directory)))


def main() -> int:
    args = arguments(__doc__).parse_args()
    packager = setup.find_program(args.build_dir, "fanlight-packager")
    results = Results()
    tasks = [(f"once/{case.__name__}", lambda case=case: results.run(f"once/{case.__name__}", lambda: on_a_work(packager, case)))
             for case in CASES if args.only.search(f"once/{case.__name__}")]
    run_side_by_side(tasks, 2, results)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
