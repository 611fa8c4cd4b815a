"""A live encoder: ffmpeg makes a test picture with a clock and a tone, as MPEG-TS of constant 5 Mb/s."""
from __future__ import annotations

import subprocess
from pathlib import Path

from clients import Target, ffmpeg_url

MUX_RATE = "5M"
_VIDEO_RATE = "3800k"
# Microseconds between PCR and DTS, so that a key frame has time to pass at the mux rate. tee does not hand -muxdelay
# down to its muxers, and without it they report "dts < pcr".
_MUX_DELAY = 700_000


def command(target: Target | str, copy: Path) -> list[str]:
    """tee: hands the same packets to two muxers of the same options, so that both write the same bytes.

    A target that is a text is an address that RTP goes to.
    """
    return ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-y",
            "-re", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25",
            "-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
            "-map", "0:v", "-map", "1:a", *_clock(),
            "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "50",
            "-b:v", _VIDEO_RATE, "-minrate", _VIDEO_RATE, "-maxrate", _VIDEO_RATE, "-bufsize", "1M",
            "-x264-params", "nal-hrd=cbr", "-c:a", "aac", "-b:a", "128k",
            "-f", "tee", f"{_rtp_leg(target) if isinstance(target, str) else _leg(ffmpeg_url(target, 'publish'))}|{_leg(str(copy))}"]


def _leg(destination: str) -> str:
    return f"[f=mpegts:muxrate={MUX_RATE}:max_delay={_MUX_DELAY}]{destination}"


def _rtp_leg(address: str) -> str:
    """12 bytes of RTP in front of seven TS packets; the transport stream is the one that _leg() makes."""
    inner = rf"muxrate={MUX_RATE}\:max_delay={_MUX_DELAY}"
    return f"[f=rtp_mpegts:mpegts_muxer_options='{inner}']rtp://{address}?pkt_size=1328"


def _clock() -> list[str]:
    font = _font()
    if font is None:
        return []
    text = r"%{localtime\:%T}  %{pts\:hms}"
    return ["-vf", f"drawtext=fontfile={font}:text='{text}':x=40:y=40:fontsize=64:fontcolor=white:box=1:boxcolor=black"]


def _font() -> str | None:
    """Any font file; a picture without a clock is no reason not to run."""
    try:
        found = subprocess.run(["fc-match", "-f", "%{file}", "monospace"], capture_output=True, text=True).stdout.strip()
    except OSError:
        found = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
    return found if found and Path(found).is_file() else None
