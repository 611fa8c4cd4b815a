"""What a relay holds: `fanlight capacity` says it, and a relay that was told turns newcomers away."""
from __future__ import annotations

import json
import subprocess

import relay as relays
import setup
from load_cases import NAME, load
from processes import wait_until
from testing import Stage, claim


def command_line(stage: Stage, *words: str) -> subprocess.CompletedProcess:
    program = str(setup.find_program(stage.build, "fanlight"))
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=40)


def is_measured(stage: Stage) -> str:
    config = stage.work / "capacity.toml"
    config.write_text(relays.Configuration(listen=["127.0.0.1:9000"], sessions_max=500).toml(stage.api))
    done = command_line(stage, "capacity", "--config", str(config), "--bitrate", "5", "--bitrate", "0.1", "--viewers", "10", "--json")
    claim(done.returncode == 0, f"status {done.returncode}: {done.stderr}")
    report = json.loads(done.stdout)
    small, usual = report["predictions"]
    claim(small["mbps"] == 0.1 and small["viewers"] == 499 and small["limit"] == "sessions_max", f"{small}")
    claim(0 < usual["share"] < 1 and usual["viewers_by_worker"] >= usual["viewers_unhurried"] > 10, f"{usual}")
    runs = report["measured"]["runs"]
    claim(runs[0]["packets"] == 1 and all(run["ns_per_packet"] > 10 for run in runs), f"{runs}")
    claim(report["measured"]["ns_per_ack"] > 10 and report["seconds"] < 10, f"{report}")
    wrong = command_line(stage, "capacity", "--viewers", "none")
    claim(wrong.returncode == 2, f"status {wrong.returncode}: {wrong.stderr}")
    nobody = command_line(stage, "capacity", "--fanlightd", "/nowhere/fanlightd")
    claim(nobody.returncode == 1 and "--fanlightd" in nobody.stderr, f"status {nobody.returncode}: {nobody.stderr}")
    return f"{usual['viewers_by_worker']} viewers of 5 Mb/s, {runs[0]['ns_per_packet']:.0f} ns a packet"


def ethernet_is_measured(stage: Stage) -> str:
    """Without the device: nobody is at its other end, and the trial must not wait for somebody."""
    config = stage.work / "ethernet.toml"
    device = relays.Device(f"net_virtio_user0,path={stage.work / 'nobody.sock'},server=1", "10.77.0.1/24", rx_checksum="trust")
    config.write_text(relays.Configuration(devices=[device], sessions_max=500).toml(stage.api))
    done = command_line(stage, "capacity", "--config", str(config), "--bitrate", "5", "--json")
    claim(done.returncode == 0, f"status {done.returncode}: {done.stderr}")
    report = json.loads(done.stdout)
    usual, costs = report["predictions"][0], report["measured"]
    claim(report["port"] == "ethernet" and usual["limit"] == "sessions_max", f"{report}")
    claim(2 < costs["runs"][0]["ns_per_packet"] < 5000 and 2 < costs["ns_per_ack"] < 5000 and report["seconds"] < 10, f"{costs}")
    claim(any("was not used" in note for note in report["notes"]), f"{report['notes']}")
    config.write_text(relays.Configuration(devices=[relays.Device("net_af_packet0,iface=lo", "10.77.0.1/24")]).toml(stage.api))
    kernel = command_line(stage, "capacity", "--config", str(config))
    claim(kernel.returncode == 1 and "through the kernel" in kernel.stderr, f"status {kernel.returncode}: {kernel.stderr}")
    return f"{usual['viewers_by_worker']} viewers of 5 Mb/s, {costs['runs'][0]['ns_per_packet']:.0f} ns a packet"


def overload_is_told(stage: Stage) -> str:
    """9 Mb/s may leave; ten viewers of at most 2 Mb/s come, and six of them are turned away."""
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stage.start_relay(relays.Configuration(listen=[address], streams=[relays.Stream(NAME, bitrate_max_mbps=2, join="live")],
                                           capacity_mbps=11.25))
    report = load(stage, "both", address, "--viewers", "10", "--bitrate", "2M", "--duration", "2s", status=1)
    claim(report["connected"] == 4, f"{report}")
    claim(report["lost"] == report["late"] == 0, f"{report}")
    claim(any("2402" in why for why in report["failures"]), f"{report['failures']}")

    def status() -> dict:
        return json.loads(command_line(stage, "--api", str(stage.api), "status", "--json").stdout)["admission"]
    admission = status()
    claim(admission["limit_mbps"] == 9 and admission["refused"] >= 6, f"{admission}")
    claim(wait_until(lambda: status()["egress_mbps"] == 0, 10), f"gone viewers count: {status()}")
    return f"{report['failures']}, {admission}"


CASES = [(f"capacity/{test.__name__}", test) for test in (is_measured, ethernet_is_measured, overload_is_told)]
