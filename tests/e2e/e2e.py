#!/usr/bin/env python3
"""The real fanlightd, from outside: signals, configuration, reconnects, refusals, crowds, and DPDK ports in namespaces.

examples:
  tests/e2e/e2e.py                     everything; the Ethernet cases are skipped without root
  tests/e2e/e2e.py --only sighup       some of it
"""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
import armour_cases  # noqa: E402
import capacity_cases  # noqa: E402
import clients  # noqa: E402
import event_cases  # noqa: E402
import libsrt  # noqa: E402
import load_cases  # noqa: E402
import load_device_cases  # noqa: E402
import load_hls_cases  # noqa: E402
import load_rtp_cases  # noqa: E402
import log_cases  # noqa: E402
import privilege_cases  # noqa: E402
import program_cases  # noqa: E402
import relay as relays  # noqa: E402
import secret_cases  # noqa: E402
import setup  # noqa: E402
import unit_cases  # noqa: E402
import veth  # noqa: E402
import webhook_cases  # noqa: E402
from compare import compare  # noqa: E402
from processes import stop_all, stop_on_signals, wait_until  # noqa: E402
from testing import Results, Skip, Stage, arguments, claim, judge, run_side_by_side  # noqa: E402

STREAM = "e2e/main"
PING = Path(setup.__file__).with_name("ping.py")


def local_relay(stage: Stage, *streams: relays.Stream) -> clients.Target:
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stage.start_relay(relays.Configuration(listen=[address], streams=list(streams) or [relays.Stream(STREAM)]))
    return clients.Target(address, STREAM)


def library():
    loaded = libsrt.load()
    if loaded is None:
        raise Skip("libsrt is not installed")
    return loaded


def reject_reason(target: clients.Target, stream: str) -> int | None:
    srt = library()
    reason, handle = libsrt.connect(srt, target.address, f"#!::r={stream},m=request")
    if reason is None:
        srt.srt_close(handle)
    return reason


def signal_ends_sessions(stage: Stage, number: int) -> str:
    target, srt = local_relay(stage), library()
    publishing = stage.publish(clients.SLT, target, seconds=20)
    reason, viewer = libsrt.connect(srt, target.address, target.stream_id("request"))
    claim(reason is None, f"the viewer was rejected with {reason}")
    stage.wait_for_sessions("publisher", 1)
    stage.relay.process.popen.send_signal(number)
    # Without SHUTDOWN libsrt would notice after five seconds of silence.
    seconds = libsrt.seconds_until_broken(srt, viewer, 3)
    claim(seconds is not None and seconds <= 1.0, f"the viewer's session ended after {seconds} s")
    claim(wait_until(lambda: not stage.relay.process.running(), 2), "fanlightd still runs two seconds later")
    status = stage.relay.process.popen.returncode
    claim(status == 0, f"fanlightd ended with status {status}")
    publishing.feed.stop()
    return f"the viewer knew after {seconds * 1000:.0f} ms"


def comparison_sees_what_it_must(_stage: Stage) -> str:
    """The byte comparison that everything here leans on, against made-up holes, flips, swaps and repeats."""
    script = Path(__file__).with_name("compare_test.py")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    claim(done.returncode == 0, done.stderr[-500:])
    return next(line for line in done.stderr.splitlines() if line.startswith("Ran "))


def sigterm(stage: Stage) -> str:
    return signal_ends_sessions(stage, signal.SIGTERM)


def sigint(stage: Stage) -> str:
    return signal_ends_sessions(stage, signal.SIGINT)


def reload(stage: Stage, *streams: relays.Stream) -> None:
    address_lines = stage.relay.config.read_text().split("[[stream]]")[0]
    rules = relays.Configuration(streams=list(streams)).toml(stage.api)
    stage.relay.config.write_text(address_lines + "".join(f"[[stream]]{rule}" for rule in rules.split("[[stream]]")[1:]))
    stage.relay.process.popen.send_signal(signal.SIGHUP)


def sighup_adds_a_stream(stage: Stage) -> str:
    target = local_relay(stage)
    claim(reject_reason(target, "e2e/new") == 2404, "a stream that is not configured yet was not refused with 2404")
    viewing = stage.view(clients.SLT, target)
    stage.wait_for_sessions("viewer", 1)
    publishing = stage.publish(clients.SLT, target, seconds=4)
    stage.wait_for_sessions("publisher", 1)
    reload(stage, relays.Stream(STREAM), relays.Stream("e2e/new"))
    claim(wait_until(lambda: reject_reason(target, "e2e/new") is None, 3, 0.2), "the new stream is still refused")
    publishing.finish(20)
    result = judge(publishing, viewing)
    claim(result.bit_exact and result.packets == result.published, f"the running sessions were touched: {result}")
    return "the new stream is served, running sessions are bit-exact"


def sighup_removes_a_stream_when_its_sessions_end(stage: Stage) -> str:
    target = local_relay(stage, relays.Stream(STREAM), relays.Stream("e2e/other"))
    viewing = stage.view(clients.SLT, target)
    stage.wait_for_sessions("viewer", 1)
    publishing = stage.publish(clients.SLT, target, seconds=4)
    stage.wait_for_sessions("publisher", 1)
    reload(stage, relays.Stream("e2e/other"))
    publishing.finish(20)
    result = judge(publishing, viewing)
    claim(result.bit_exact and result.packets == result.published, f"the running sessions were touched: {result}")
    claim(wait_until(lambda: reject_reason(target, STREAM) == 2404, 8, 0.3), "the removed stream still lets viewers in")
    return "its sessions ended in peace, then it was gone"


def sighup_with_a_broken_file_changes_nothing(stage: Stage) -> str:
    target = local_relay(stage)
    stage.relay.config.write_text('[[stream]\nname = 7\n')
    stage.relay.process.popen.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    claim(stage.relay.process.running(), "fanlightd ended")
    claim(reject_reason(target, STREAM) is None, "the old streams are gone")
    return "the old configuration stays"


def publisher_reconnects(stage: Stage) -> str:
    target = local_relay(stage)
    viewing = stage.view(clients.SLT, target)
    stage.wait_for_sessions("viewer", 1)
    before = [s["id"] for s in stage.relay.sessions() if s["role"] == "viewer"]
    copies = []
    for flavour in (1, 2):
        publishing = stage.publish(clients.SLT, replace(target, latency_ms=120 * flavour), seconds=3, flavour=flavour)
        publishing.finish(20)
        copies.append(publishing.copy)
        # srt-live-transmit closes with SHUTDOWN; the place of the publisher is free at once.
        wait_until(lambda: not any(s["role"] == "publisher" for s in stage.relay.sessions()), 6, 0.2)
    after = [s["id"] for s in stage.relay.sessions() if s["role"] == "viewer"]
    claim(before == after, f"the viewer's session changed: {before} became {after}")
    viewing.process.stop(signal.SIGINT)
    both = stage.work / "both.ts"
    both.write_bytes(b"".join(copy.read_bytes() for copy in copies))
    result = compare(both, viewing.path)
    claim(result.bit_exact and result.packets == result.published, f"the viewer got {result}")
    return f"one session, {result.packets} packets of two publishers, bit-exact"


def port_in_use(stage: Stage) -> str:
    target = local_relay(stage)
    configuration = relays.Configuration(listen=[target.address], streams=[relays.Stream(STREAM)])
    second = relays.run_briefly(stage.build, stage.work, configuration.toml(stage.work / "relay" / "second.sock"),
                                relays.unprivileged_user())
    claim(second.returncode == 1, f"exit status {second.returncode}: {second.stderr[-300:]}")
    claim(target.address.rsplit(":")[-1] in second.stderr,
          f"the sentence does not name the address: {second.stderr[-300:]}")
    claim(reject_reason(target, STREAM) is None, "the first relay noticed")
    return second.stderr.strip().splitlines()[-1][-150:]


def config_errors(stage: Stage) -> str:
    text = '[relay]\napi = "x.sock"\n[[listen]]\naddress = "127.0.0.1:99999"\n[[stream]]\nname = "a"\nlatency_ms = -1\n'
    done = relays.run_briefly(stage.build, stage.work, text, relays.unprivileged_user())
    claim(done.returncode == 2, f"exit status {done.returncode}: {done.stderr[-300:]}")
    lines = [number for number in (4, 7) if f":{number}:" in done.stderr]
    claim(lines == [4, 7], f"wanted both mistakes with file:line: {done.stderr[-400:]}")
    return "both mistakes named with file:line"


def check_warns_of_a_join_that_nobody_makes(stage: Stage) -> str:
    config = stage.work / "slow.toml"
    config.write_text('[[listen]]\naddress = "127.0.0.1:9000"\n[[stream]]\nname = "a"\njoin_rate_max_mbps = 11\n'
                      '[[stream]]\nname = "b"\njoin_rate_max_mbps = 10\n')
    argv = [str(setup.find_program(stage.build, "fanlightd")), "--config", str(config), "--check"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=10)
    claim(done.returncode == 0 and "is valid" in done.stdout, f"status {done.returncode}: {done.stderr[-300:]}")
    lines = done.stderr.splitlines()
    claim(len(lines) == 1 and "warning: stream b: join_rate_max_mbps" in lines[0], f"one warning was wanted: {lines}")
    return lines[0]


def missing_config(stage: Stage) -> str:
    program = setup.find_program(stage.build, "fanlightd")
    argv = [str(program), "--config", str(stage.work / "none.toml")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=10)
    claim(done.returncode in (1, 2) and "none.toml" in done.stderr, f"status {done.returncode}: {done.stderr[-300:]}")
    return f"status {done.returncode}: {done.stderr.strip().splitlines()[-1][-120:]}"


def cli_without_a_relay(stage: Stage) -> str:
    program = setup.find_program(stage.build, "fanlight")
    for command in ("sessions", "streams", "status"):
        argv = [str(program), "--api", str(stage.work / "none.sock"), command]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10)
        claim(done.returncode == 1 and done.stderr.strip() != "", f"{command}: status {done.returncode}, {done.stderr!r}")
    return done.stderr.strip().splitlines()[-1]


def killed_relay_comes_back(stage: Stage) -> str:
    target = local_relay(stage)
    stage.relay.process.stop(signal.SIGKILL)
    configuration = relays.Configuration(listen=[target.address], streams=[relays.Stream(STREAM)])
    stage.start_relay(configuration)
    claim(stage.relay.ask("sessions").returncode == 0, "the control API does not answer")
    return "the socket it left behind is no obstacle"


def nothing_is_left_behind(stage: Stage) -> str:
    seen = []
    for _ in range(2):
        target = local_relay(stage)
        claim(reject_reason(target, STREAM) is None, "the relay does not serve")
        stage.relay.process.stop(signal.SIGTERM)
        left = sorted(path.name for path in (stage.work / "relay").rglob("*") if path.name != stage.relay.config.name)
        seen.append(left)
    claim(seen == [[], []], f"left in its home: {seen}")
    return "no socket, no runtime files"


def stopped_while_it_starts(stage: Stage) -> str:
    """SIGTERM at every moment of a start: DPDK's runtime directory is made and removed in the middle of it."""
    local_relay(stage)
    stage.relay.process.stop(signal.SIGTERM)
    home, program = stage.relay.config.parent, stage.relay.process.popen.args[0]
    for delay_ms in range(0, 100, 2):
        starting = stage.processes.start("starting", [program, "--config", str(stage.relay.config)],
                                         user=relays.unprivileged_user(), env={"HOME": str(home), "XDG_RUNTIME_DIR": str(home)})
        time.sleep(delay_ms / 1000)
        starting.stop(signal.SIGTERM)
    left = [str(path.relative_to(home)) for path in home.rglob("*") if path.name.startswith("fanlight-")]
    claim(not left, f"left behind: {left}")
    return "stopped 50 times, no runtime directory"


def run_script_leaves_nothing_behind(stage: Stage) -> str:
    """./scripts/run twice, the second time encrypted: its promise in JSON, and nothing left in /tmp."""
    before = set(Path(tempfile.gettempdir()).glob("fanlight-run-*"))
    for options in ([], ["--encrypt"]):
        argv = [str(setup.ROOT / "scripts" / "run"), "--no-build", "--build-dir", str(stage.build), "--seconds", "8", "--json",
                "--udp-port", str(relays.free_udp_port()), *options]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        claim(done.returncode == 0, f"{' '.join(options)} status {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
        report = json.loads(done.stdout.splitlines()[-1])
        good = all(v["bit_exact"] and v["missing"] == 0 for v in report["viewers"]) and len(report["viewers"]) == 3
        claim(good, f"{report}")
    left = set(Path(tempfile.gettempdir()).glob("fanlight-run-*")) - before
    claim(not left, f"left behind: {left}")
    return f"{report['published_packets']} packets, three viewers bit-exact, twice"


ETHERNET = {"ipv4": (veth.RELAY_IPV4, f"{veth.RELAY_IPV4}:9000"), "ipv6": (veth.RELAY_IPV6, f"[{veth.RELAY_IPV6}]:9000")}


def ethernet_configuration(eal: str, workers: int = 1) -> relays.Configuration:
    device = relays.Device(eal, f"{veth.RELAY_IPV4}/24", f"{veth.RELAY_IPV6}/64")
    return relays.Configuration(streams=[relays.Stream(STREAM)], devices=[device], workers=workers)


def start_ethernet(stage: Stage, link: veth.VethLink, driver: str, workers: int) -> None:
    queues = f",qpairs={workers}" if workers > 1 else ""
    stage.start_relay(ethernet_configuration(f"{driver}0,iface={link.relay_end}{queues}", workers), privileged=True)
    stage.clients_live_in(link)


def on_ethernet(driver: str, test, workers: int = 1):
    """The test on a relay with this device, or a skip where rights are missing."""
    def run(stage: Stage) -> str:
        if os.geteuid() != 0:
            raise Skip("namespaces and raw devices need root")
        try:
            with veth.VethLink() as link:
                try:
                    start_ethernet(stage, link, driver, workers)
                    return test(stage, link)
                finally:  # The namespace goes when nobody lives in it any more.
                    stop_all(stage.processes.running, signal.SIGTERM)
        except veth.NoRights as reason:
            raise Skip(str(reason)) from None
    return run


def is_pinged(stage: Stage, link: veth.VethLink) -> str:
    for address, _ in ETHERNET.values():
        done = subprocess.run(link.inside([sys.executable, str(PING), address]), timeout=10)
        claim(done.returncode == 0, f"no echo from {address}; neighbour table: {link.neighbour(address)!r}")
        claim("lladdr" in link.neighbour(address), f"{address} is no neighbour: {link.neighbour(address)!r}")
    return "ARP, NDP, ICMP and ICMPv6 answered"


def publish_to_all(stage: Stage, target: clients.Target, viewings: list) -> int:
    """Publishes to the end; every viewing has to get all of it. Answers how many packets that were."""
    publishing = stage.publish(clients.FFMPEG, target, seconds=5)
    publishing.finish(25)
    for viewing in viewings:
        result = judge(publishing, viewing)
        claim(result.bit_exact and result.packets == result.published, f"{viewing.client}: {result}")
    return result.published


def relays_over(family: str):
    def test(stage: Stage, _link: veth.VethLink) -> str:
        target = clients.Target(ETHERNET[family][1], STREAM)
        viewings = [stage.view(client, target) for client in clients.ALL]
        stage.wait_for_sessions("viewer", len(viewings))
        published = publish_to_all(stage, target, viewings)
        return f"{published} packets to {len(viewings)} viewers, bit-exact"
    return test


def worker_of(session: dict) -> int:
    return session["id"] >> 24 & 63


def relays_over_two_workers(family: str):
    """Viewers of all kinds, and as many more as it takes until both workers have some: the kernel's hash deals them."""
    def test(stage: Stage, _link: veth.VethLink) -> str:
        target = clients.Target(ETHERNET[family][1], STREAM)
        viewings = [stage.view(client, target) for client in clients.ALL]
        stage.wait_for_sessions("viewer", len(viewings))
        while len({worker_of(session) for session in stage.relay.sessions()}) < 2:
            claim(len(viewings) < 16, "16 viewers, and all of them on one worker")
            viewings.append(stage.view(clients.SLT, target))
            stage.wait_for_sessions("viewer", len(viewings))
        published = publish_to_all(stage, target, viewings)
        status = json.loads(stage.relay.ask("status").stdout)
        lost = [worker["neighbour_news_lost"] for worker in status["workers"]]
        claim(lost == [0, 0], f"workers did not hear of neighbours: {lost}")
        return f"{published} packets to {len(viewings)} viewers, bit-exact; handed over {handed_over(stage)}"
    return test


def handed_over(stage: Stage) -> list[int]:
    return [worker["verdicts"]["handed_over"] for worker in json.loads(stage.relay.ask("status").stdout)["workers"]]


def finds_sessions_of_the_other_worker(stage: Stage, _link: veth.VethLink) -> str:
    """Calls take turns on the workers, and the kernel's hash knows nothing of it: calls until an answer went astray."""
    viewings: list = []
    while sum(handed_over(stage)) == 0:
        claim(len(viewings) < 16, "16 listeners, and each answered the worker that had called")
        target = clients.Target(f"{veth.CLIENT_IPV4}:{9100 + len(viewings)}", STREAM, listening=True)
        viewings.append(stage.view(clients.SLT, target))
        url = replace(target, listening=False).url(latency=120)
        asked = stage.relay.ask("viewer", "add", url, "--stream", STREAM, as_json=False)
        claim(asked.returncode == 0, f"the relay refused the call: {asked.stderr}")
        stage.wait_for_sessions("viewer", len(viewings))
    publishing = stage.publish(clients.SLT, clients.Target(ETHERNET["ipv4"][1], STREAM), seconds=4)
    publishing.finish(20)
    for viewing in viewings:
        result = judge(publishing, viewing)
        claim(result.bit_exact and result.packets == result.published, f"{viewing.path.name}: {result}")
    return f"{len(viewings)} listeners called, {result.packets} packets each, bit-exact; handed over {handed_over(stage)}"


def wants_a_queue_for_each_worker(stage: Stage, link: veth.VethLink) -> str:
    """Two workers on a device with one queue: refused, with what to say instead."""
    toml = ethernet_configuration(f"net_af_packet0,iface={link.relay_end}", workers=2).toml(stage.work / "relay" / "second.sock")
    done = relays.run_briefly(stage.build, stage.work, toml, None)
    claim(done.returncode == 1, f"exit status {done.returncode}: {done.stderr[-300:]}")
    claim("qpairs=2" in done.stderr and "relay.workers = 1" in done.stderr, f"no way out is named: {done.stderr[-300:]}")
    return done.stderr.strip().splitlines()[-1][-200:]


def survives_link_down(stage: Stage, link: veth.VethLink) -> str:
    target = clients.Target(ETHERNET["ipv4"][1], STREAM)
    viewing = stage.view(clients.SLT, target)
    stage.wait_for_sessions("viewer", 1)
    publishing = stage.publish(clients.SLT, target, seconds=7, rate=500)
    claim(wait_until(lambda: viewing.size() > 0, 5), "nothing arrived before the link went down")
    before = sorted(s["id"] for s in stage.relay.sessions())
    # A kernel without a carrier forgets its neighbours and queues packets for the unknown until the socket blocks. libsrt
    # then gives up the very packet that it is sending, and sends what next takes its buffer under the old number.
    link.pin_neighbour(veth.RELAY_IPV4)
    link.set_link(False)
    time.sleep(1.5)
    link.set_link(True)
    time.sleep(1.5)
    after = sorted(s["id"] for s in stage.relay.sessions())
    claim(before == after, f"sessions changed: {before} became {after}")
    publishing.finish(25)
    result = judge(publishing, viewing)
    last = publishing.copy.read_bytes()[-clients.PAYLOAD:]
    claim(result.foreign == 0 and viewing.path.read_bytes().endswith(last), f"the stream did not go on: {result}")
    return f"sessions stayed; {result.missing} of {result.published} packets fell into the gap"


def cases() -> list[tuple]:
    plain = [comparison_sees_what_it_must, sigterm, sigint, sighup_adds_a_stream, sighup_removes_a_stream_when_its_sessions_end,
             sighup_with_a_broken_file_changes_nothing, publisher_reconnects, port_in_use, config_errors,
             check_warns_of_a_join_that_nobody_makes, missing_config, cli_without_a_relay, killed_relay_comes_back, nothing_is_left_behind, stopped_while_it_starts,
             run_script_leaves_nothing_behind]
    ethernet = [(f"ethernet/{driver}/{name}", on_ethernet(driver, test))
                for driver in ("net_af_packet", "net_af_xdp")
                for name, test in (("ping", is_pinged), ("relay_ipv4", relays_over("ipv4")),
                                   ("relay_ipv6", relays_over("ipv6")), ("link_down_and_up", survives_link_down))]
    two = [(f"ethernet/net_af_packet/workers_{name}", on_ethernet("net_af_packet", test, 2))
           for name, test in (("ping", is_pinged), ("relay_ipv4", relays_over_two_workers("ipv4")),
                              ("relay_ipv6", relays_over_two_workers("ipv6")), ("strays", finds_sessions_of_the_other_worker),
                              ("link_down_and_up", survives_link_down))]
    ethernet += [*two, ("ethernet/net_af_packet/queues", on_ethernet("net_af_packet", wants_a_queue_for_each_worker))]
    # The longest first, so that none of them runs alone at the end.
    others = (program_cases, log_cases, armour_cases, event_cases, webhook_cases, secret_cases, privilege_cases, unit_cases)
    return ethernet + [(test.__name__, test) for test in reversed(plain)] + [case for module in others for case in module.CASES]


def on_a_stage(build: Path, test, name: str, results: Results) -> None:
    with Stage(build) as stage:
        results.run(name, lambda: test(stage))


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--jobs", type=int, default=1, help="cases at the same time (default 1); crowds come alone")
    args = parser.parse_args()
    stop_on_signals()
    results = Results()
    for jobs, some in ((args.jobs, cases()), (1, armour_cases.LOADS + load_cases.CASES + load_device_cases.CASES + load_rtp_cases.CASES + load_hls_cases.CASES + capacity_cases.CASES)):
        wanted = [(name, lambda name=name, test=test: on_a_stage(args.build_dir, test, name, results))
                  for name, test in some if args.only.search(name)]
        if not run_side_by_side(wanted, jobs, results):
            break
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
