#!/usr/bin/env python3
"""The page to watch, in Chromium, as somebody meets it who has never seen it: at a phone's width, in the dark, with the keyboard alone,
when there is nothing to see. No relay and no packager: what they say is made up. Prints one line per case and the counts last.

examples:
  tests/browsers/page.py
  tests/browsers/page.py --only keyboard
"""
from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
import setup  # noqa: E402
from testing import Results, Skip, arguments, claim, require_tools  # noqa: E402

HERE = Path(__file__).resolve().parent
TIMEOUT_S = 480


def make_clip(path: Path) -> None:
    argv = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2", "-f", "lavfi", "-i", "sine=duration=2",
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", str(path)]
    subprocess.run(argv, check=True, timeout=60)
    # A minute and more, for a window that slides over it.
    argv = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=80", "-c:v", "libx264", "-preset", "ultrafast",
            "-pix_fmt", "yuv420p", "-g", "10", "-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-hls_segment_type", "fmp4",
            "-hls_fmp4_init_filename", "window.mp4", "-hls_segment_filename", str(path.with_name("window-%d.m4s")), str(path.with_name("window.m3u8"))]
    subprocess.run(argv, check=True, timeout=60)
    # The same as a stream that has come to its end.
    argv = ["ffmpeg", "-loglevel", "error", "-i", str(path), "-c", "copy", "-f", "hls", "-hls_playlist_type", "vod",
            "-hls_segment_filename", str(path.with_name("%d.ts")), str(path.with_name("index.m3u8"))]
    subprocess.run(argv, check=True, timeout=60)


def look(build: Path, page: Path, only: str, is_quick: bool) -> list[dict]:
    require_tools("node", "ffmpeg")
    if shutil.which("chromium") is None:
        raise Skip("chromium is not installed")
    if not (page / "index.html").exists():
        raise Skip("there is no page: scripts/page.sh builds it")
    modules = setup.install_modules(HERE, build / "browsers")
    with tempfile.TemporaryDirectory(prefix="fanlight-page-") as directory:
        clip = Path(directory) / "clip.mp4"
        make_clip(clip)
        argv = ["node", str(HERE / "page.mjs"), "--modules", str(modules), "--page", str(page), "--clip", str(clip), "--only", only] + ["--quick"] * is_quick
        done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT_S)
    claim(done.returncode == 0, f"page.mjs: {done.stderr.strip()[-800:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def judge(one: dict) -> str:
    claim(one["failed"] is None, str(one["failed"]))
    return ""


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--quick", action="store_true", help="without what takes half a minute each: three minutes, not five")
    parser.add_argument("--page", type=Path, help="the page's folder (default: where scripts/page.sh puts it)")
    args = parser.parse_args()
    results, seen = Results(), []
    page = args.page or args.build_dir / "hls-packager" / "page" / "dist"
    results.run("page/opens", lambda: seen.extend(look(args.build_dir, page, args.only.pattern, args.quick)) or "")
    for one in seen:
        results.run(f"page/{one['name']}", lambda one=one: judge(one))
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
