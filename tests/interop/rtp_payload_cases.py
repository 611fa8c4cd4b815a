"""RTP that carries no transport stream, in and out: H.264, H.265, AAC, Opus and L16 of strangers to strangers.

What the sender read and what the receiver wrote are taken apart into frames, and these compared byte by byte. A feed is
described by its sender's own session description or by the configuration's keys, an output by `fanlight sdp`.

Imported by interop.py, whose helpers it uses.
"""
from __future__ import annotations

import re
import signal
import socket
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import clients
import libsrt
import relay as relays
from processes import wait_for_udp, wait_until
from rtp_cases import free_pair, verdicts
from rtp_out_cases import even_pair
from testing import Results, Skip, Stage, claim, on_a_stage, require_tools

STREAM = "interop/main"
SECONDS = 4
# ffmpeg's reader holds back a picture until the next one begins, and what it holds when it is stopped is gone.
HELD_BACK = {clients.FFMPEG: 2, clients.GSTREAMER: 0}
# ffmpeg's writer puts several frames of AAC into a packet, and does not send one that is not full when it ends.
NEVER_SENT = {("aac", clients.FFMPEG): 2}


@dataclass(frozen=True)
class Payload:
    name: str         # As `payload` has it.
    encode: str       # ffmpeg's options that make the media.
    container: str    # Of the media: what both senders read.
    raw: str          # ffmpeg's format for frames without a container.
    keys: str         # Of a [[feed]] for GStreamer's sender.
    pay: str          # GStreamer's elements behind the demuxer,
    depay: str        # and in front of the file.


VIDEO = "-f lavfi -i testsrc2=size=320x180:rate=25"
AUDIO = "-f lavfi -i sine=frequency=440:sample_rate=48000"
PAYLOADS = [
    Payload("h264", f"{VIDEO} -c:v libx264 -preset ultrafast -bf 2 -g 25", "mkv", "h264", "",
            "matroskademux ! h264parse ! rtph264pay pt=96 config-interval=-1", "rtph264depay ! video/x-h264,stream-format=byte-stream"),
    Payload("h265", f"{VIDEO} -c:v libx265 -preset ultrafast -x265-params log-level=error -g 25", "mkv", "hevc", "",
            "matroskademux ! h265parse ! rtph265pay pt=96 config-interval=-1", "rtph265depay ! video/x-h265,stream-format=byte-stream"),
    Payload("aac", f"{AUDIO} -ar 44100 -ac 2 -c:a aac -b:a 96k", "mkv", "adts",
            'clock_rate = 44100\nfmtp = "streamtype=5;profile-level-id=2;mode=AAC-hbr;config=1210;sizelength=13;indexlength=3;indexdeltalength=3"\n',
            "matroskademux ! aacparse ! rtpmp4gpay pt=96", "rtpmp4gdepay ! aacparse ! audio/mpeg,stream-format=adts"),
    Payload("opus", f"{AUDIO} -ac 2 -c:a libopus -b:a 96k", "mkv", "data", "",
            "matroskademux ! opusparse ! rtpopuspay pt=96", "rtpopusdepay"),
    Payload("l16", f"{AUDIO} -ar 44100 -ac 2 -c:a pcm_s16le", "wav", "s16be", "clock_rate = 44100\nchannels = 2\n",
            "wavparse ! audioconvert ! audio/x-raw,format=S16BE ! rtpL16pay pt=96", "rtpL16depay"),
]


def tasks(build: Path, results: Results, only) -> list[tuple]:
    """A name and a function each; each has a relay of its own."""
    wanted = [(f"rtp-payload/{payload.name} from {sender} to ffmpeg and GStreamer",
               lambda stage, payload=payload, sender=sender: through(stage, payload, sender))
              for payload in PAYLOADS for sender in (clients.FFMPEG, clients.GSTREAMER)]
    wanted += [("rtp-payload/ticks of 44,100 a second and markers, as they came", ticks_and_markers),
               ("rtp-payload/who wants it over SRT or bare is refused with the reason", refused)]
    return [(name, lambda name=name, test=test: results.run(name, lambda: on_a_stage(build, test)))
            for name, test in wanted if only.search(name)]


def run(argv: list[str], seconds: float = 60) -> None:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False)
    claim(done.returncode == 0, f"{argv[0]}: {done.stderr[-400:]}")


def ffmpeg(*words: str) -> list[str]:
    return ["ffmpeg", "-hide_banner", "-nostdin", "-y", "-loglevel", "error", *words]


# --- frames, whatever they were wrapped in

def nal_units(data: bytes) -> list[bytes]:
    return [unit.rstrip(b"\0") for unit in re.split(b"\0\0\1", data)[1:]]


def frames(payload: Payload, path: Path) -> list[bytes]:
    """Pictures' slices alone: what stands beside them (parameter sets, delimiters) senders repeat as they like."""
    data = path.read_bytes() if path.exists() else b""
    if payload.raw == "h264":
        return [unit for unit in nal_units(data) if unit[0] & 31 in (1, 5)]
    if payload.raw == "hevc":
        return [unit for unit in nal_units(data) if unit[0] >> 1 & 63 < 32]
    if payload.raw == "adts":
        found, at = [], 0
        while at + 7 <= len(data):
            size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
            found.append(data[at + 7:at + size])
            at += max(size, 7)
        return found
    # Without bounds: bytes, in pieces so that a message about them is short.
    return [data[at:at + 1_000] for at in range(0, len(data), 1_000)]


def media_of(stage: Stage, payload: Payload) -> tuple[Path, Path]:
    """What both senders read, and its frames without a container."""
    media, raw = stage.work / f"media.{payload.container}", stage.work / "sent.raw"
    run(ffmpeg(*payload.encode.split(), "-t", str(SECONDS), str(media)))
    codec = ["-c:a", "pcm_s16be"] if payload.name == "l16" else ["-c", "copy"]
    run(ffmpeg("-i", str(media), "-map", "0", *codec, "-f", payload.raw, str(raw)))
    return media, raw


def sender(payload: Payload, client: str, media: Path, port: int, description: Path) -> list[str]:
    if client == clients.FFMPEG:
        codec = ["-c:a", "pcm_s16be"] if payload.name == "l16" else ["-c", "copy"]
        return ffmpeg("-re", "-i", str(media), *codec, "-f", "rtp", "-sdp_file", str(description), f"rtp://127.0.0.1:{port}?pkt_size=1400")
    return ["gst-launch-1.0", "-q", "filesrc", f"location={media}", "!", *payload.pay.split(), "!", "udpsink", "host=127.0.0.1",
            f"port={port}", "sync=true", "async=false"]


def receiver(payload: Payload, client: str, description: Path, path: Path) -> list[str]:
    if client == clients.FFMPEG:
        return ffmpeg("-protocol_whitelist", "file,udp,rtp", "-analyzeduration", "500000", "-fpsprobesize", "0", "-i", str(description), "-map", "0", "-c", "copy",
                      "-flush_packets", "1", "-f", payload.raw, str(path))
    return ["gst-launch-1.0", "-q", "filesrc", f"location={description}", "!", "sdpdemux", "!", *payload.depay.split(), "!", "filesink",
            f"location={path}", "buffer-mode=unbuffered", "sync=false", "async=false"]


def feed_table(stage: Stage, payload: Payload, client: str, media: Path) -> tuple[int, str]:
    """Where it comes, and what says so: ffmpeg describes what it sends, what GStreamer sends the configuration tells."""
    if client == clients.GSTREAMER:
        port = even_pair()
        return port, f'[[feed]]\nstream = "{STREAM}"\nurl = "rtp://127.0.0.1:{port}"\npayload = "{payload.name}"\n{payload.keys}'
    description, first = stage.work / "described.sdp", even_pair()
    run(first_second(payload, media, first, description))
    port = even_pair()  # A second later the first one may be somebody else's.
    description.write_text(description.read_text().replace(f" {first} RTP", f" {port} RTP"))
    description.chmod(0o644)
    stage.work.chmod(0o755)
    return port, f'[[feed]]\nstream = "{STREAM}"\nsdp = "{description}"\n'


def first_second(payload: Payload, media: Path, port: int, description: Path) -> list[str]:
    """To nobody: ffmpeg writes its description when it begins."""
    argv = sender(payload, clients.FFMPEG, media, port, description)
    argv.remove("-re")
    return [*argv[:-1], "-t", "0.5", argv[-1]]


def through(stage: Stage, payload: Payload, client: str) -> str:
    require_tools("ffmpeg", "gst-launch-1.0")
    media, raw = media_of(stage, payload)
    port, table = feed_table(stage, payload, client, media)
    outs = {receiver_client: even_pair() for receiver_client in HELD_BACK}
    tables = "".join(f'[[destination]]\nstream = "{STREAM}"\nurl = "rtp://127.0.0.1:{out}"\n' for out in outs.values())
    stage.start_relay(relays.Configuration(listen=[f"127.0.0.1:{relays.free_udp_port()}"], streams=[relays.Stream(STREAM)],
                                           more=table + tables))
    paths = receive(stage, payload, outs)
    stage.processes.start("sender", sender(payload, client, media, port, stage.work / "in.sdp")).popen.wait(SECONDS + 30)
    time.sleep(1.5)
    sent = frames(payload, raw)
    if (payload.name, client) in NEVER_SENT:
        sent = sent[:-NEVER_SENT[payload.name, client]]
    return "; ".join(compared(stage, payload, sent, receiver_client, path) for receiver_client, path in paths.items())


def receive(stage: Stage, payload: Payload, outs: dict[str, int]) -> dict[str, Path]:
    """Strangers who know the stream by what `fanlight sdp` says of it."""
    claim(wait_until(lambda: len(stage.relay.calls()) == 2 and all(one["state"] == "sending" for one in stage.relay.calls()), 5),
          f"{stage.relay.calls()}")
    paths = {}
    for client, out in outs.items():
        description = stage.work / f"out-{client}.sdp"
        description.write_text(stage.relay.ask("sdp", STREAM, f"rtp://127.0.0.1:{out}", as_json=False).stdout)
        paths[client] = stage.work / f"received-{client}.raw"
        stage.processes.start(f"receiver-{client}", receiver(payload, client, description, paths[client]))
    claim(wait_for_udp(*outs.values()), "not all receivers listen")
    return paths


def compared(stage: Stage, payload: Payload, sent: list[bytes], client: str, path: Path) -> str:
    for process in stage.processes.running:
        if process.name == f"receiver-{client}":
            process.stop(signal.SIGINT)
    got = frames(payload, path)
    held = HELD_BACK[client]
    if payload.raw in ("data", "s16be"):  # Pieces: the last one is cut where the last frame ends.
        ours, theirs = b"".join(got), b"".join(sent)
        claim(theirs.startswith(ours) and len(theirs) - len(ours) <= held * 4_096, wrong(stage, client, got, sent))
    else:
        claim(got == sent[:len(got)] and len(sent) - len(got) <= held, wrong(stage, client, got, sent))
    return f"{client}: {sum(map(len, got))} bytes of {sum(map(len, sent))}, equal"


def wrong(stage: Stage, client: str, got: list[bytes], sent: list[bytes]) -> str:
    first = next((i for i, (ours, theirs) in enumerate(zip(got, sent)) if ours != theirs), min(len(got), len(sent)))
    return f"{client}: {len(got)} frames of {len(sent)}, unlike from {first} on; {stage.relay.feeds()}; {stage.relay.calls()}; {verdicts(stage)}"


# --- datagrams made here

def ticks_and_markers(stage: Stage) -> str:
    """Padding, extension and contributing sources stay behind, what RTP says of the payload goes out."""
    port, out = free_pair(), even_pair()
    stage.start_relay(relays.Configuration(
        listen=[f"127.0.0.1:{relays.free_udp_port()}"], streams=[relays.Stream(STREAM)],
        more=f'[[feed]]\nstream = "{STREAM}"\nurl = "rtp://127.0.0.1:{port}"\npayload = "l16"\nclock_rate = 44100\n'
             f'[[destination]]\nstream = "{STREAM}"\nurl = "rtp://127.0.0.1:{out}?pt=99"\n'))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", out))
        sink.settimeout(3)
        claim(wait_until(lambda: [one["state"] for one in stage.relay.calls()] == ["sending"], 5), f"{stage.relay.calls()}")
        sent, got = [], []
        for number in range(200):
            stamp, marker = (0xFFFF_0000 + number // 3 * 441) & 0xFFFF_FFFF, number % 3 == 2
            source.sendto(dressed(number, stamp, marker), ("127.0.0.1", port))
            sent.append((number, stamp, marker))
            datagram = sink.recv(2_000)
            first, second, seq, ticks = struct.unpack_from(">BBHI", datagram)
            claim(first == 0x80 and second & 0x7F == 99 and datagram[12:] == bytes([number]) * 100, f"{number}: {datagram[:20].hex()}")
            got.append((seq, ticks, second >> 7 == 1))
            time.sleep(0.003)
    moved = {((seq - number) & 0xFFFF, (ticks - stamp) & 0xFFFF_FFFF) for (number, stamp, _), (seq, ticks, _) in zip(sent, got)}
    claim(len(moved) == 1, f"numbers and ticks are not moved by a constant: {moved}")
    claim([marker for _, _, marker in sent] == [marker for _, _, marker in got], "markers")
    return "200 packets, numbers and ticks moved by a constant, markers kept"


def dressed(number: int, stamp: int, marker: bool) -> bytes:
    """In turn: plain, with a contributing source, an extension, padding."""
    kind, content = number % 4, bytes([number]) * 100
    first = 0x80 | (0x01, 0x10, 0x20, 0x00)[kind]
    between = (b"\0\0\0\7", b"\xbe\xde\0\1abcd", b"", b"")[kind]
    behind = b"\0\0\3" if kind == 2 else b""
    return struct.pack(">BBHII", first, marker << 7 | 96, number, stamp, 0xABCD) + between + content + behind


def refused(stage: Stage) -> str:
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stage.start_relay(relays.Configuration(
        listen=[address], streams=[relays.Stream(STREAM)],
        more=f'[[feed]]\nstream = "{STREAM}"\nurl = "rtp://127.0.0.1:{free_pair()}"\npayload = "opus"\n'))
    library = libsrt.load()
    if library is None:
        raise Skip("libsrt is not installed")
    for stream_id in (STREAM, f"#!::m=publish,r={STREAM}"):
        code = libsrt.connect(library, address, stream_id)[0]
        claim(code == 2415, f"{stream_id}: {code}")
    bare = stage.relay.ask("viewer", "add", f"udp://127.0.0.1:{even_pair()}", "--stream", STREAM, as_json=False)
    claim(bare.returncode == 1 and "opus/48000/2" in bare.stderr and "RTP alone" in bare.stderr, f"{bare}")
    pushed = stage.relay.ask("viewer", "add", "srt://127.0.0.1:7000", "--stream", STREAM, as_json=False)
    claim(pushed.returncode == 1 and "RTP alone" in pushed.stderr, f"{pushed}")
    return f"2415; {bare.stderr.strip()}"
