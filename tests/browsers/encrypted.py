#!/usr/bin/env python3
"""Chromium plays a live stream that is encrypted (cbcs) with a key for two segments each, by its own ClearKey: with hls.js,
dash.js, and shaka in DASH and in HLS. Prints one line per case and the counts last.

examples:
  tests/browsers/encrypted.py
  tests/browsers/encrypted.py --only dash
"""
from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
import packager as packagers  # noqa: E402
import relay as relays  # noqa: E402
import setup  # noqa: E402
from processes import Processes, stop_on_signals, wait_until  # noqa: E402
from testing import Results, Skip, arguments, claim, require_tools  # noqa: E402

HERE = Path(__file__).resolve().parent
STREAM = "live/main"
PICTURES = 270  # Nine seconds: four changes of keys at least.
KEYS = 3


class Stage:
    """A packager whose stream is encrypted, and its source."""

    def __init__(self, args, processes: Processes, work: Path) -> None:
        self.modules = setup.install_modules(HERE, args.build_dir / "browsers")
        self.players = setup.install_modules(setup.ROOT / "hls-packager" / "page", args.build_dir / "encrypted-players")
        door = f"127.0.0.1:{relays.free_udp_port()}"
        words = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30",
                 "-re", "-f", "lavfi", "-i", "sine=sample_rate=48000", "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast",
                 "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "30", "-keyint_min", "30", "-c:a", "aac", "-f", "mpegts", f"udp://{door}?pkt_size=1316"]
        keys = work / "keys.txt"
        keys.touch(0o600)
        keys.write_text("".join(f"{secrets.token_hex(16)}:{secrets.token_hex(16)}\n" for _ in range(KEYS)))
        config = work / "packager.toml"
        config.write_text(f'[[stream]]\nname = "{STREAM}"\nsource = "udp://{door}"\nkeys_file = "keys.txt"\nrotate_segments = 2\nserve_keys = true\n')
        processes.start("source", words)
        self.packager = packagers.start(processes, args.build_dir, ["--config", str(config)])
        claim(wait_until(lambda: self.packager.is_live(STREAM), 30), f"not live after 30 s: {self.packager.streams()}")

    def watch(self, player: str) -> str:
        argv = ["node", str(HERE / "encrypted.mjs"), "--modules", str(self.modules), "--players", str(self.players), "--player", player,
                "--base", self.packager.base, "--name", STREAM, "--pictures", str(PICTURES)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
        claim(done.returncode == 0, f"encrypted.mjs: {done.stderr.strip()[-800:]}")
        seen = json.loads(done.stdout.splitlines()[-1])
        claim(not seen["errors"], f"the player complains: {seen}")
        claim(seen["is_encrypted"] and seen["licences"] >= 1, f"no licence was asked for: {seen}")
        claim(seen["pictures"] >= PICTURES, f"{seen}")
        claim(player != "hls" or seen["keys"] == KEYS, f"under {seen['keys']} keys of {KEYS}: {seen}")
        return f"{seen['pictures']} pictures, {seen['licences']} licences, {seen['browser']}"


def main() -> int:
    args = arguments(__doc__).parse_args()
    stop_on_signals()
    results = Results()
    if shutil.which("chromium") is None:
        results.run("stage", skip)
        return results.finish()
    require_tools("ffmpeg", "node", "npm")
    with tempfile.TemporaryDirectory(prefix="fanlight-encrypted-") as directory, Processes(Path(directory)) as processes:
        stages: list[Stage] = []
        results.run("stage", lambda: stages.append(Stage(args, processes, Path(directory))))
        for player in ("hls", "dash", "shaka", "shaka-hls") if stages else ():
            if args.only.search(f"chromium/{player}"):
                results.run(f"chromium/{player}", lambda player=player: stages[0].watch(player))
    return results.finish()


def skip() -> str:
    raise Skip("/usr/bin/chromium is not installed")


if __name__ == "__main__":
    sys.exit(main())
