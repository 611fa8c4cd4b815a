"""Command lines of the three strangers, as publisher (payloads from stdin) and as viewer (payloads to a file).

Each of them names the same things differently: ffmpeg counts latency in microseconds, GStreamer wants the stream ID
as a property because its URI parser reads '#' as a fragment.
"""
from __future__ import annotations

from dataclasses import dataclass

FFMPEG, SLT, GSTREAMER = "ffmpeg", "srt-live-transmit", "gstreamer"
ALL = (FFMPEG, SLT, GSTREAMER)
PAYLOAD = 1316


@dataclass(frozen=True)
class Target:
    """Where a client calls, as what, and with which key."""
    address: str          # "127.0.0.1:9000" or "[::1]:9000"
    stream: str
    latency_ms: int = 120
    passphrase: str | None = None
    key_bytes: int = 16
    refresh_packets: int | None = None  # A publisher's key lasts so long.
    listening: bool = False  # It waits at the address instead of calling there.
    token: str | None = None
    words: str | None = None  # The stream ID as it stands, whatever it says.

    def stream_id(self, mode: str) -> str:
        if self.words is not None:
            return self.words
        return f"#!::r={self.stream},m={mode}" + (f",jwt={self.token}" if self.token else "")

    @property
    def mode(self) -> str:
        return "listener" if self.listening else "caller"

    def refresh(self) -> dict:
        """When a key of libsrt's is due, in packets, and how much earlier it is said: at most half of that."""
        every = self.refresh_packets
        return {"kmrefreshrate": every, "kmpreannounce": every * 2 // 5} if every else {}

    def url(self, **options) -> str:
        query = "&".join(f"{key}={value}" for key, value in options.items() if value is not None)
        return f"srt://{self.address}" + (f"?{query}" if query else "")


def ffmpeg_url(target: Target, mode: str) -> str:
    # Nothing is escaped: ffmpeg 5.1 sends %23 as it stands.
    return target.url(mode=target.mode, latency=target.latency_ms * 1000, pkt_size=PAYLOAD, **target.refresh(),
                      streamid=None if target.listening else target.stream_id(mode),
                      passphrase=target.passphrase, pbkeylen=target.key_bytes if target.passphrase else None)


def slt_url(target: Target, mode: str) -> str:
    return target.url(mode=target.mode, transtype="live", latency=target.latency_ms, **target.refresh(),
                      streamid=None if target.listening else target.stream_id(mode),
                      passphrase=target.passphrase, pbkeylen=target.key_bytes if target.passphrase else None)


def gstreamer_element(element: str, target: Target, mode: str) -> list[str]:
    words = [element, f"uri={target.url(mode=target.mode, **target.refresh())}", f"latency={target.latency_ms}"]
    if not target.listening:
        words.append(f'streamid="{target.stream_id(mode)}"')
    if target.passphrase:
        words += [f'passphrase="{target.passphrase}"', f"pbkeylen={target.key_bytes}"]
    return words


def viewer(client: str, target: Target, path: str) -> list[str]:
    """Writes to `path`, except srt-live-transmit: its file target is stdout, which the caller opens on `path`."""
    if client == FFMPEG:
        # The data demuxer and muxer hand bytes through; anything that knows TS would remux.
        return ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-y", "-f", "data",
                "-i", ffmpeg_url(target, "request"), "-map", "0", "-c", "copy", "-flush_packets", "1", "-f", "data", path]
    if client == SLT:
        return ["srt-live-transmit", "-loglevel:error", slt_url(target, "request"), "file://con"]
    return ["gst-launch-1.0", "-q", *gstreamer_element("srtsrc", target, "request"), "!",
            "filesink", f"location={path}", "buffer-mode=unbuffered"]


def publisher(client: str, target: Target) -> list[str]:
    """Reads payloads of 1,316 bytes from stdin."""
    if client == FFMPEG:
        return ["ffmpeg", "-hide_banner", "-loglevel", "warning", "-f", "data", "-raw_packet_size", str(PAYLOAD),
                "-i", "pipe:0", "-map", "0", "-c", "copy", "-f", "data", ffmpeg_url(target, "publish")]
    if client == SLT:
        return ["srt-live-transmit", "-loglevel:error", f"-chunk:{PAYLOAD}", "file://con", slt_url(target, "publish")]
    return ["gst-launch-1.0", "-q", "fdsrc", "fd=0", f"blocksize={PAYLOAD}", "!",
            *gstreamer_element("srtsink", target, "publish"), "sync=false", "async=false"]


def rtp_receiver(host: str, port: int, path: str, interface: str | None = None) -> list[str]:
    """GStreamer; writes what RTP carries to `path`. `interface`: where a group is joined."""
    caps = "application/x-rtp,media=video,clock-rate=90000,encoding-name=MP2T,payload=33"
    joined = [] if interface is None else [f"multicast-iface={interface}"]
    return ["gst-launch-1.0", "-q", "udpsrc", *joined, f"address={host.strip('[]')}", f"port={port}", "buffer-size=4000000",
            f"caps={caps}", "!", "rtpmp2tdepay", "!", "filesink", f"location={path}", "buffer-mode=unbuffered", "sync=false"]
