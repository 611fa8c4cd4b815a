"""fanlight-load's LL-HLS viewers at a packager behind a relay: do they play, and do they notice when something is wrong?

What is claimed holds on a slow machine: nothing is demanded of times, for the encoder shares the processors."""
from __future__ import annotations

import contextlib
import http.server
import json
import subprocess
import threading
import urllib.error
import urllib.request

import clients
import packager as packagers
import relay as relays
import setup
from processes import wait_until
from testing import Stage, claim, require_tools

STREAM = "live/hls"
LENIENT = ("--late", "30s", "--excuse-stalls")


def source_words(to: str) -> list[str]:
    """30 small pictures a second, an IDR picture each second, and a tone."""
    return ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30",
            "-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-map", "0:v", "-map", "1:a",
            "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "30", "-keyint_min", "30",
            "-b:v", "300k", "-c:a", "aac", "-b:a", "64k", "-f", "mpegts", to]


def live(stage: Stage) -> packagers.Packager:
    require_tools("ffmpeg")
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stage.start_relay(relays.Configuration(listen=[address], streams=[relays.Stream(STREAM, latency_ms=20)]))
    target = clients.Target(address, STREAM, latency_ms=20)
    stage.processes.start("publisher", source_words(clients.ffmpeg_url(target, "publish")))
    packager = packagers.start(stage.processes, stage.build, [packagers.source_url(target)])
    claim(wait_until(lambda: packager.is_live(STREAM), 30), f"not live: {packager.streams()} {packager.process.log_tail(3)}")
    return packager


def watch(stage: Stage, url: str, *words: str, status: int = 0) -> dict:
    report = stage.work / "load-hls.json"
    report.unlink(missing_ok=True)
    program = str(setup.find_program(stage.build, "fanlight-load"))
    done = subprocess.run([program, "hls", url, "--json", str(report), *words], capture_output=True, text=True, timeout=90)
    claim(done.returncode == status, f"fanlight-load ended with {done.returncode}: {done.stdout[-1500:]}{done.stderr[-500:]}")
    return json.loads(report.read_text())


def carried(report: dict) -> str:
    return (f"{report['up']} viewers, {report['parts']['received']} parts, {report['playlists']['received']} playlists "
            f"of {report['playlists']['distinct']} texts")


def an_audience_plays(stage: Stage) -> str:
    """Pictures and sound, parts and delta updates; each byte the same for all."""
    packager = live(stage)
    report = watch(stage, packager.playlist(STREAM), "--viewers", "30", "--ramp", "60", "--duration", "5s", *LENIENT)
    claim(report["passed"] and report["up"] == 30 and report["renditions"] == 2, f"{report}")
    # Some are away when the machine is slow, but nobody for good.
    claim(report["parts"]["measured"] > 30 and report["parts"]["distinct"] > 10, f"{report}")
    claim(report["playlists"]["received"] > 4 * report["playlists"]["distinct"], f"nothing was shared: {report}")
    return carried(report)


def hints_are_taken(stage: Stage) -> str:
    packager = live(stage)
    report = watch(stage, packager.playlist(STREAM), "--viewers", "10", "--hints", "--no-audio", "--duration", "4s", *LENIENT)
    claim(report["passed"] and report["renditions"] == 1, f"{report}")
    claim(report["parts"]["hinted"] > 10, f"{report}")
    return f"{report['parts']['hinted']} of {report['parts']['received']} parts by their hint"


class Liar(http.server.BaseHTTPRequestHandler):
    """Hands on what the packager says, but for a byte of every part that its second viewer gets."""
    protocol_version = "HTTP/1.1"
    base = ""

    def do_GET(self) -> None:
        try:
            with urllib.request.urlopen(self.base + self.path, timeout=20) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        if self.path.endswith(".m4s") and self.client_address[0].endswith(".2"):
            body = body[:-1] + bytes([body[-1] ^ 1])
        with contextlib.suppress(ConnectionError):  # Who has seen enough goes.
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *words) -> None:
        pass


def another_byte_is_noticed(stage: Stage) -> str:
    packager = live(stage)
    liar = type("ThisLiar", (Liar,), {"base": packager.base})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), liar) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            url = f"http://127.0.0.1:{server.server_address[1]}/live/{STREAM}/index.m3u8"
            report = watch(stage, url, "--viewers", "3", "--no-audio", "--duration", "3s", *LENIENT, status=1)
        finally:
            server.shutdown()
    claim(report["faults"].get("bytes", {}).get("count", 0) > 0, f"{report}")
    return report["faults"]["bytes"]["first"]


CASES = [(f"load/hls_{test.__name__}", test) for test in (an_audience_plays, hints_are_taken, another_byte_is_noticed)]
