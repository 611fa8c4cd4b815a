"""fanlight-load speaks RTP both ways: into feeds, and as destinations that check each number, timestamp and payload."""
from __future__ import annotations

import subprocess

import relay as relays
import setup
from load_cases import NAME, Load
from testing import Stage, claim


def start_relay(stage: Stage, scheme: str = "rtp", **more) -> tuple[str, str]:
    """Where viewers call, and where the feed is."""
    address, feed = f"127.0.0.1:{relays.free_udp_port()}", f"127.0.0.1:{_even_port()}"
    tables = f'[[feed]]\nstream = "{NAME}"\nurl = "{scheme}://{feed}"\n'
    stage.start_relay(relays.Configuration(listen=[address], streams=[relays.Stream(NAME, join="live")], more=tables, **more))
    return address, feed


def _even_port() -> int:
    while (port := relays.free_udp_port()) % 2 != 0:
        pass
    return port


class RtpLoad(Load):
    """`fanlight-load rtp`, which needs no relay's address but its control socket."""

    def __init__(self, stage: Stage, *options: str) -> None:
        super().__init__(stage, "rtp", "", "--api", str(stage.api), *options)


def carried(report: dict) -> str:
    latency = report["latency_us"]
    return (f"{report['begun']} destinations, {report['received']} packets, {report['lost']} lost, "
            f"p50 {latency['p50'] / 1000:.2f} ms, p99 {latency['p99'] / 1000:.2f} ms")


def without_fault(report: dict, destinations: int, packets_each: int) -> None:
    claim(report["passed"] and report["begun"] == report["served"] == destinations, f"{report}")
    claim(report["received"] >= destinations * packets_each, f"{report}")
    claim(report["late"] == report["duplicate"] == report["timestamp_errors"] == report["continuity_errors"] == 0, f"{report}")


def both_ways(stage: Stage) -> str:
    _, feed = start_relay(stage)
    report = RtpLoad(stage, "--feed", feed, "--destinations", "100", "--bitrate", "5M", "--duration", "8s").finish()
    without_fault(report, 100, 8 * 470)
    claim(report["senders"]["reports_heard"] >= 1 and report["reports"]["heard"] >= 100, f"nobody reports: {report}")
    claim(report["reports"]["said"] >= 50, f"{report}")
    viewers = [session for session in stage.relay.sessions() if session["role"] == "viewer"]
    claim(not viewers, f"destinations are left behind: {viewers}")
    return carried(report)


def srt_in(stage: Stage) -> str:
    relay, _ = start_relay_without_feed(stage)
    publisher = Load(stage, "publish", relay, "--bitrate", "5M", "--duration", "8s")
    stage.wait_for_sessions("publisher", 1)
    report = RtpLoad(stage, "--destinations", "100", "--duration", "3s").finish()
    publisher.finish()
    without_fault(report, 100, 3 * 470)
    return carried(report)


def start_relay_without_feed(stage: Stage) -> tuple[str, None]:
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stage.start_relay(relays.Configuration(listen=[address], streams=[relays.Stream(NAME, join="live")]))
    return address, None


def srt_out(stage: Stage) -> str:
    relay, feed = start_relay(stage)
    sender = RtpLoad(stage, "--feed", feed, "--bitrate", "5M", "--duration", "6s")
    report = Load(stage, "view", relay, "--viewers", "50", "--duration", "3s").finish()
    sender.finish()
    claim(report["passed"] and report["connected"] == 50, f"{report}")
    return f"{report['received']} packets to 50 SRT viewers"


def a_feed_alone(stage: Stage) -> str:
    """What the relay says of it is the verdict; where it says nothing, the run has not passed."""
    _, feed = start_relay(stage)
    # Two reports may be 6.2 s apart (RFC 3550 §6.3.1: 1.5 of 5 s, over e - 1.5), and the first may be due just before there is a sender.
    report = RtpLoad(stage, "--feed", feed, "--duration", "8s").finish()
    claim(report["passed"] and report["verified"] == ["what the relay reported of 1 senders"], f"{report}")
    nobody = RtpLoad(stage, "--feed", f"127.0.0.1:{_even_port()}", "--duration", "5s").finish(1)
    claim("the relay reported nothing of 1 of 1 senders" in nobody["reasons"][0], f"{nobody}")
    return f"{report['verified'][0]}; {nobody['reasons'][0]}"


def from_a_file(stage: Stage) -> str:
    """What it prints is a configuration, by which it is sent to without a word to the relay."""
    feed, words = f"127.0.0.1:{_even_port()}", ("--destinations", "20", "--own-port", str(_even_port()))
    program = str(setup.find_program(stage.build, "fanlight-load"))
    printed = subprocess.run([program, "rtp", "--name", NAME, "--feed", feed, *words, "--print-destinations"], capture_output=True, text=True, timeout=20,
                             check=True).stdout
    running = RtpLoad(stage, "--feed", feed, *words, "--configured", "--duration", "3s")
    stage.start_relay(relays.Configuration(listen=[f"127.0.0.1:{relays.free_udp_port()}"], streams=[relays.Stream(NAME, join="live")],
                                           more=f'[[feed]]\nstream = "{NAME}"\nurl = "rtp://{feed}"\n' + printed))
    report = running.finish()
    without_fault(report, 20, 3 * 470)
    claim(report["added"] == 0, f"{report}")
    return carried(report)


def bad_weather(stage: Stage) -> str:
    """What comes out of order goes in order; what is lost leaves its number out."""
    _, feed = start_relay(stage)
    words = ("--feed", feed, "--destinations", "20", "--duration", "3s", "--up-reorder", "0.02", "--up-reorder-hold", "10ms", "--up-duplicate",
             "0.02")
    whole = RtpLoad(stage, *words).finish()
    without_fault(whole, 20, 3 * 470)
    claim(whole["impairment"]["up"]["reordered"] > 10, f"{whole}")
    lossy = RtpLoad(stage, *words, "--up-loss", "0.02", "--excuse-loss", "4").finish()
    claim(lossy["passed"] and lossy["lost"] > 0 and lossy["late"] == 0 and lossy["continuity_errors"] == 0, f"{lossy}")
    claim(lossy["lost"] <= 20 * lossy["impairment"]["up"]["lost"], f"more than the network lost: {lossy}")
    return f"{carried(whole)}; with loss: {carried(lossy)}"


def loss_is_noticed(stage: Stage) -> str:
    _, feed = start_relay(stage)
    report = RtpLoad(stage, "--feed", feed, "--destinations", "20", "--duration", "2s", "--down-loss", "0.01").finish(1)
    claim(not report["passed"] and report["lost"] > 0, f"{report}")
    return report["reasons"][0]


def bare(stage: Stage) -> str:
    _, feed = start_relay(stage, "udp")
    report = RtpLoad(stage, "--bare", "--feed", feed, "--destinations", "50", "--duration", "2s").finish()
    without_fault(report, 50, 2 * 470)
    return carried(report)


def virtio_pair(stage: Stage) -> str:
    """On devices: the relay's net_virtio_user faces the generator's net_vhost."""
    path = relays.prepare_home(stage.work, relays.unprivileged_user()) / "vhost.sock"
    device = relays.Device(f"net_virtio_user0,path={path},server=1,queue_size=1024", "10.77.0.1/24", None, "trust")
    running = RtpLoad(stage, "--feed", "10.77.0.1:5004", "--port", "ethernet", "--device", f"net_vhost0,iface={path},client=1", "--ip",
                      "10.77.0.2/24", "--backoff", "--destinations", "100", "--duration", "3s")
    tables = f'[[feed]]\nstream = "{NAME}"\nurl = "rtp://10.77.0.1:5004"\n'
    stage.start_relay(relays.Configuration(streams=[relays.Stream(NAME)], devices=[device], feed_ports=[5004, 5005], more=tables))
    report = running.finish()
    without_fault(report, 100, 3 * 470)
    return carried(report)


CASES = [(f"load/rtp_{test.__name__}", test) for test in (both_ways, srt_in, srt_out, a_feed_alone, from_a_file, bad_weather, loss_is_noticed, bare, virtio_pair)]
