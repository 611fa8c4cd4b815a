"""fanlight-load against the real fanlightd: does it carry a crowd, and does the generator notice when it does not?"""
from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import relay as relays
import setup
from testing import Skip, Stage, claim

NAME = "live/load"
PASSPHRASE = "a passphrase of the load test"


def start_relay(stage: Stage, **rule) -> str:
    address = f"127.0.0.1:{relays.free_udp_port()}"
    # Viewers of a crowd that start with the past are the joining's affair, not the carrying's.
    stage.start_relay(relays.Configuration(listen=[address], streams=[relays.Stream(NAME, join="live", **rule)]))
    return address


class Load:
    """A running fanlight-load."""

    def __init__(self, stage: Stage, mode: str, relay: str, *options: str, inside=lambda argv: argv,
                 name: str = NAME) -> None:
        self.report = stage.work / f"load-{mode}.json"
        self.report.unlink(missing_ok=True)
        program = str(setup.find_program(stage.build, "fanlight-load"))
        started = stage.processes.start(f"load-{mode}", inside([program, mode, *(("--relay", relay) if relay else ()), "--name", name,
                                                                "--json", str(self.report), *options]))
        self.process, self.log_tail = started.popen, started.log_tail

    def finish(self, status: int = 0) -> dict:
        try:
            self.process.wait(timeout=40)
        finally:
            self.process.kill()
        said = self.log_tail(12)
        if "built without libsrt" in said:
            raise Skip(said.strip())
        claim(self.process.returncode == status, f"fanlight-load ended with {self.process.returncode}: {said}")
        claim(self.report.exists(), f"no report: {said}")
        return json.loads(self.report.read_text())


def load(stage: Stage, mode: str, relay: str, *options: str, status: int = 0) -> dict:
    """Runs fanlight-load to its end; answers its report."""
    return Load(stage, mode, relay, *options).finish(status)


def carried(report: dict) -> str:
    latency = report["latency_us"]
    return (f"{report['connected']} viewers, {report['received']} packets, {report['repaired']} repaired, "
            f"p50 {latency['p50'] / 1000:.2f} ms, p99 {latency['p99'] / 1000:.2f} ms")


def two_hundred_viewers(stage: Stage) -> str:
    relay = start_relay(stage)
    report = load(stage, "both", relay, "--viewers", "200", "--bitrate", "5M", "--duration", "4s")
    claim(report["passed"] and report["connected"] == report["served"] == 200, f"{report}")
    # 475 packets/s for 4 s each, and what came while the others joined.
    claim(report["expected"] == report["received"] >= 200 * 1_850, f"{report}")
    claim(report["hash_checked"] >= report["received"] // 100, f"{report}")
    claim(report["latency_us"]["samples"] > 0, f"{report}")
    return carried(report)


def two_processes(stage: Stage) -> str:
    """A publisher of one process and viewers of another, by IPv6."""
    address = f"[::1]:{relays.free_udp_port()}"
    stage.start_relay(relays.Configuration(listen=[address], streams=[relays.Stream(NAME, join="live")]))
    program = str(setup.find_program(stage.build, "fanlight-load"))
    stage.processes.start("load-publish", [program, "publish", "--relay", address, "--name", NAME, "--duration", "20s"])
    stage.wait_for_sessions("publisher", 1)
    report = load(stage, "view", address, "--viewers", "20", "--duration", "2s")
    claim(report["passed"] and report["received"] >= 20 * 900, f"{report}")
    return carried(report)


def view_notices_a_silent_end(stage: Stage) -> str:
    """The relay stops for the last two seconds: nobody knows what was published meanwhile, and still it is no success."""
    relay = start_relay(stage)
    publishing = Load(stage, "publish", relay, "--duration", "20s", "--bitrate", "2M")
    stage.wait_for_sessions("publisher", 1)
    notes = []
    for client in ("fanlight", "libsrt"):
        viewing = Load(stage, "view", relay, "--client", client, "--viewers", "10", "--duration", "4s")
        stage.wait_for_sessions("viewer", 10)
        time.sleep(2)
        os.kill(stage.relay.process.pid, signal.SIGSTOP)
        try:
            report = viewing.finish(status=1)
        finally:
            os.kill(stage.relay.process.pid, signal.SIGCONT)
        claim(report["stale"] == 10 and report["served"] == 0, f"{client}: {report}")
        claim(any("10 of 10 viewers: nothing new for" in why for why in report["reasons"]), f"{client}: {report}")
        notes.append(f"{client}: {report['reasons'][0]}")
        time.sleep(0.5)  # For the SHUTDOWNs that waited in its socket.
    publishing.process.terminate()
    return "; ".join(notes)


def encrypted_through_bad_weather(stage: Stage) -> str:
    relay = start_relay(stage, publish_passphrase=PASSPHRASE, view_passphrase=PASSPHRASE)
    secret = stage.work / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    report = load(stage, "both", relay, "--viewers", "40", "--bitrate", "2M", "--duration", "4s", "--latency", "600ms",
                  "--publish-passphrase-file", str(secret), "--view-passphrase-file", str(secret), "--key-bits", "256",
                  "--loss", "0.01", "--delay", "10ms", "--jitter", "2ms", "--reorder", "0.005", "--duplicate", "0.005", "--seed", "7")
    claim(report["passed"] and report["connected"] == 40, f"{report}")
    claim(report["repaired"] > 100 and report["duplicate"] > 0, f"the weather was fine: {report}")
    claim(report["hash_checked"] > 0 and report["publishers"]["repaired"] > 0, f"{report}")
    return carried(report)


def viewers_confirm_new_keys(stage: Stage) -> str:
    """Three rotations while they watch, and nothing is missed or opened with the wrong key."""
    relay = start_relay(stage, view_passphrase=PASSPHRASE)
    secret = stage.work / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    running = Load(stage, "both", relay, "--viewers", "40", "--bitrate", "2M", "--duration", "5s",
                   "--view-passphrase-file", str(secret), "--hash-every", "1")
    stage.wait_for_sessions("viewer", 40)
    for _ in range(3):
        time.sleep(1.2)
        claim(stage.relay.ask("key", "rotate", NAME).returncode == 0, "refused")
    report = running.finish()
    claim(report["passed"] and report["received"] > 0 and report["hash_failures"] == 0, f"{report}")
    claim(report["keys"] == 3 * 40, f"{report}")
    return f"{report['keys']} keys; {carried(report)}"


def loss_is_noticed(stage: Stage) -> str:
    """What cannot be repaired in time is lost, and the status says so; unless the scenario excuses it."""
    relay = start_relay(stage, latency_ms=20)
    weather = ("--viewers", "20", "--bitrate", "2M", "--duration", "2s", "--latency", "20ms", "--down-loss", "0.1", "--delay", "15ms")
    report = load(stage, "both", relay, *weather, status=1)
    missed = report["lost"] + report["late"]
    claim(not report["passed"] and missed > report["expected"] // 50, f"{report}")
    claim(report["expected"] == report["received"] + missed, f"the books do not balance: {report}")
    excused = load(stage, "both", relay, *weather, "--excuse-loss", "60")
    claim(excused["passed"], f"{excused}")
    return f"{missed} of {report['expected']} missed: {report['reasons'][0]}"


def libsrt_viewers(stage: Stage) -> str:
    """The same stamps through libsrt's own receiver, which delivers at the play time."""
    relay = start_relay(stage)
    publishing = Load(stage, "publish", relay, "--duration", "20s", "--bitrate", "2M")
    stage.wait_for_sessions("publisher", 1)
    report = load(stage, "view", relay, "--client", "libsrt", "--viewers", "40", "--ramp", "200", "--duration", "2s")
    publishing.process.terminate()
    claim(report["passed"] and report["connected"] == report["served"] == 40, f"{report}")
    claim(report["received"] >= 40 * 350 and report["hash_checked"] > 0, f"{report}")
    claim(report["latency_us"]["p50"] > 100_000, f"libsrt plays 120 ms later: {report}")
    return carried(report)


def two_workers_share_one_address(stage: Stage) -> str:
    """60 of libsrt's sockets call from one UDP port of 127.0.0.1: the kernel gives one worker all handshakes, control spreads
    the sessions, and each viewer's packets come to its own worker by themselves."""
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stage.start_relay(relays.Configuration(listen=[address], streams=[relays.Stream(NAME, join="live")], workers=2))
    publishing = Load(stage, "publish", address, "--duration", "20s", "--bitrate", "2M")
    stage.wait_for_sessions("publisher", 1)
    viewing = Load(stage, "view", address, "--client", "libsrt", "--viewers", "60", "--ramp", "200", "--duration", "3s")
    stage.wait_for_sessions("viewer", 60)
    spread = [worker["sessions_opened"] for worker in json.loads(stage.relay.ask("status").stdout)["workers"]]
    table = stage.relay.ask("status", as_json=False).stdout.split("WORKER")[-1].splitlines()[1:]
    metrics = stage.relay.metrics()
    report = viewing.finish()
    publishing.process.terminate()
    claim(report["passed"] and report["connected"] == report["served"] == 60, f"{report}")
    # One above an eighth and eight over its share of 61 would be 42.
    claim(sum(spread) == 61 and max(spread) <= 42, f"sessions on workers: {spread}")
    claim([int(line.split()[1]) for line in table] == spread, f"the CLI tells of {table}, not of {spread}")
    for worker, sessions in enumerate(spread):
        claim(metrics.get(f'fanlight_sessions{{worker="{worker}"}}') == str(sessions), f"the metrics do not tell of {spread}")
    return f"sessions on workers {spread}; {carried(report)}"


def refusal_is_told(stage: Stage) -> str:
    relay = start_relay(stage, view_passphrase=PASSPHRASE)
    report = load(stage, "both", relay, "--viewers", "3", "--duration", "1s", status=1)
    claim(report["connected"] == 0 and any("1011" in why for why in report["failures"]), f"{report}")
    return str(report["failures"])


def interruption_is_told(stage: Stage) -> str:
    running = Load(stage, "both", start_relay(stage), "--viewers", "3", "--duration", "30s")
    stage.wait_for_sessions("viewer", 3)
    time.sleep(1)
    running.process.send_signal(signal.SIGINT)
    report = running.finish(status=1)
    claim(report["received"] > 0 and report["reasons"][0].startswith("interrupted after "), f"{report}")
    return report["reasons"][0]


def misbehaving_viewers_stand_apart(stage: Stage) -> str:
    relay = start_relay(stage)
    report = load(stage, "both", relay, "--viewers", "60", "--bitrate", "2M", "--duration", "4s", "--stall", "10", "--vanish", "10",
                  "--nak-flood", "10", "--misbehave-after", "300ms")
    claim(report["passed"], f"{report}")
    apart = report["misbehaving"]
    claim(set(apart) == {"stall", "vanish", "nak_flood"}, f"{report}")
    claim(report["viewers"] + sum(one["viewers"] for one in apart.values()) == 60, f"{report}")
    per_viewer = report["received"] / report["viewers"]
    claim(apart["vanish"]["received"] < apart["vanish"]["viewers"] * per_viewer * 0.7, f"they did not vanish: {report}")
    claim(apart["stall"]["received"] < apart["stall"]["viewers"] * per_viewer * 0.7, f"they did not stall: {report}")
    claim(apart["nak_flood"]["duplicate"] > 0, f"nobody flooded: {report}")
    return carried(report)


def virtio_pair(stage: Stage) -> str:
    """The relay's net_virtio_user faces the generator's net_vhost through shared memory, without rights or hugepages. The
    relay waits at the socket, so that generators come and go; it comes up when the first has come."""
    path = relays.prepare_home(stage.work, relays.unprivileged_user()) / "vhost.sock"
    device = relays.Device(f"net_virtio_user0,path={path},server=1,queue_size=1024", "10.77.0.1/24", "fd77::1/64", "trust")
    notes = []
    for relay, own in (("10.77.0.1:9000", "10.77.0.2/24"), ("[fd77::1]:9000", "fd77::2/64")):
        running = Load(stage, "both", relay, "--port", "ethernet", "--device", f"net_vhost0,iface={path},client=1", "--ip", own,
                       "--backoff", "--viewers", "100", "--bitrate", "5M", "--duration", "2s")
        if not notes:
            stage.start_relay(relays.Configuration(streams=[relays.Stream(NAME, join="live")], devices=[device]))
        report = running.finish()
        claim(report["passed"] and report["connected"] == 100, f"{relay}: {report}")
        claim(report["received"] >= 100 * 900, f"{relay}: {report}")
        notes.append(carried(report))
    return "; ".join(notes)


def virtio_pair_of_two_queues(stage: Stage) -> str:
    """Two workers, fed on a queue pair each: the generator sends each session's datagrams through one of its two queues."""
    path = relays.prepare_home(stage.work, relays.unprivileged_user()) / "vhost.sock"
    device = relays.Device(f"net_virtio_user0,path={path},server=1,queue_size=1024,queues=2,cq=1", "10.77.0.1/24", None, "trust")
    running = Load(stage, "both", "10.77.0.1:9000", "--port", "ethernet", "--device", f"net_vhost0,iface={path},client=1,queues=2",
                   "--ip", "10.77.0.2/24", "--backoff", "--viewers", "100", "--bitrate", "5M", "--duration", "2s")
    stage.start_relay(relays.Configuration(streams=[relays.Stream(NAME, join="live")], devices=[device], workers=2))
    stage.wait_for_sessions("viewer", 100)
    seats = [session["id"] >> 24 & 0x3F for session in stage.relay.sessions() if session["role"] == "viewer"]
    report = running.finish()
    claim(report["passed"] and report["connected"] == 100 and report["received"] >= 100 * 900, f"{report}")
    workers = json.loads(stage.relay.ask("status").stdout)["workers"]
    spread = [seats.count(worker) for worker in (0, 1)]
    claim(sum(spread) == 100 and min(spread) >= 40, f"viewers on workers: {spread}")
    # A viewer acknowledges a hundred times a second, a publisher is one of them, and each worker serves its own viewers.
    claim(all(one["received"] > 40 * 100 and one["transmitted"] >= 40 * 900 for one in workers), f"{workers}")
    return f"viewers on workers {spread}; received {[one['received'] for one in workers]}; {carried(report)}"


def other_hosts_are_refused(stage: Stage) -> str:
    program = str(setup.find_program(stage.build, "fanlight-load"))
    done = subprocess.run([program, "both", "--relay", "192.0.2.1:9000", "--viewers", "1"], capture_output=True, text=True, timeout=10)
    claim(done.returncode == 1 and "--i-own-this-network" in done.stderr, f"status {done.returncode}: {done.stderr}")
    for options in ((), ("--relay", "127.0.0.1:9", "--duration", "-5s"), ("--relay", "127.0.0.1:9", "--delay", "-5ms"),
                    ("--relay", "10.0.0.1:9", "--port", "ethernet", "--ip", "10.0.0.2/24", "--device", "net_null0", "--device", "net_null1")):
        wrong = subprocess.run([program, "both", "--viewers", "1", *options], capture_output=True, text=True, timeout=10)
        claim(wrong.returncode == 2 and wrong.stderr, f"{options}: status {wrong.returncode}: {wrong.stderr}")
    return done.stderr.strip()[-120:]


CASES = [(f"load/{test.__name__}", test)
         for test in (two_hundred_viewers, two_processes, view_notices_a_silent_end, encrypted_through_bad_weather, viewers_confirm_new_keys, loss_is_noticed, libsrt_viewers, refusal_is_told, interruption_is_told,
                      misbehaving_viewers_stand_apart, virtio_pair, virtio_pair_of_two_queues, two_workers_share_one_address, other_hosts_are_refused)]
