"""H.264 with closed captions in it, as a broadcaster's encoder writes them: CTA-608 and CTA-708 in the SEI of each picture."""
from __future__ import annotations

import re
import subprocess
from pathlib import Path

# In CC1 pop-on captions begin; a packet of CTA-708 has a block of service 1.
PAIRS = ((0, 0x94, 0x20), (3, 0x02, 0x22), (2, 0x00, 0x00))


def caption_unit() -> bytes:
    pairs = b"".join(bytes([0xFC | kind, first, second]) for kind, first, second in PAIRS)
    message = bytes([0xB5, 0x00, 0x31]) + b"GA94" + bytes([3, 0xC0 | len(PAIRS), 0xFF]) + pairs + b"\xff"
    return b"\0\0\0\1" + bytes([6, 4, len(message)]) + message + b"\x80"


def write_captioned(path: Path, seconds: int) -> None:
    """A transport stream: 30 pictures a second, an IDR picture each second, behind each delimiter the captions."""
    words = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=30:duration={seconds}",
             "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "30", "-keyint_min", "30",
             "-b:v", "600k", "-x264-params", "aud=1", "-f", "h264", "-"]
    pictures = subprocess.run(words, capture_output=True, timeout=120, check=True).stdout
    captioned = re.sub(rb"\x00\x00\x00\x01\x09.", lambda delimiter: delimiter[0] + caption_unit(), pictures, flags=re.S)
    muxed = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-f", "h264", "-framerate", "30", "-i", "-", "-c", "copy",
             "-bsf:v", "setts=ts=N*3000", "-f", "mpegts", str(path)]
    subprocess.run(muxed, input=captioned, timeout=60, check=True)


def sending_words(path: Path, to: str) -> list[str]:
    return ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-re", "-i", str(path), "-c", "copy", "-f", "mpegts", to]
