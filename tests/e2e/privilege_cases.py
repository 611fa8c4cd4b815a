"""A relay that root started and that is root no more: whose it is, what it may, and that it still does its work."""
from __future__ import annotations

import os
import signal
from pathlib import Path

import clients
import relay as relays
import veth
from processes import stop_all, wait_until
from testing import Skip, Stage, claim, judge

STREAM, USER = "e2e/main", "nobody"
REFUSED = "0000000000000000"
SOCKET_CAPABILITIES = 1 << 10 | 1 << 12  # CAP_NET_BIND_SERVICE, CAP_NET_ADMIN.


def require_root() -> None:
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")


def threads(stage: Stage) -> list[dict[str, str]]:
    """What /proc says of each thread of the relay."""
    found = []
    for task in Path(f"/proc/{stage.relay.process.pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        found.append({key: value.strip() for key, value in (line.split(":", 1) for line in lines)})
    return found


def claim_caged(stage: Stage) -> int:
    """Every thread is the user's, without a capability or a way to one, under a filter."""
    uid = str(relays.unprivileged_user())
    all_threads = threads(stage)
    for thread in all_threads:
        ids = {word for key in ("Uid", "Gid") for word in thread[key].split()}
        claim(ids == {uid} and not thread["Groups"], f"{thread['Name']} is {thread['Uid']}, {thread['Gid']}, {thread['Groups']}")
        for key in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
            claim(thread[key] == REFUSED, f"{thread['Name']} has {key} {thread[key]}")
        claim((thread["NoNewPrivs"], thread["Seccomp"]) == ("1", "2"),
              f"{thread['Name']}: NoNewPrivs {thread['NoNewPrivs']}, Seccomp {thread['Seccomp']}")
    return len(all_threads)


def start_as_root(stage: Stage, configuration: relays.Configuration) -> None:
    """With relay.user, and a directory for the API's socket that the relay makes."""
    configuration.user = USER
    stage.work.chmod(0o755)
    api = stage.work / "relay" / "run" / "api.sock"
    stage.relay = relays.start(stage.processes, stage.build, stage.work, configuration.toml(api), api, None)


def on_sockets(stage: Stage) -> str:
    """Publishes and views through two workers, calls by name, reloads, ends; all of it caged."""
    require_root()
    address = f"127.0.0.1:{relays.free_udp_port()}"
    listener = clients.Target(f"127.0.0.1:{relays.free_udp_port()}", STREAM, listening=True)
    called = stage.view(clients.SLT, listener)
    calls = [relays.Call(f"srt://localhost:{listener.address.rsplit(':')[-1]}", stream=STREAM)]
    start_as_root(stage, relays.Configuration(listen=[address], streams=[relays.Stream(STREAM)], workers=2, calls=calls))
    count = claim_caged(stage)
    target = clients.Target(address, STREAM)
    viewing = stage.view(clients.SLT, target)
    stage.wait_for_sessions("viewer", 2)
    publishing = stage.publish(clients.SLT, target, seconds=3)
    stage.wait_for_sessions("publisher", 1)
    stage.relay.process.popen.send_signal(signal.SIGHUP)
    claim(wait_until(lambda: b" reloaded" in stage.relay.process.log.read_bytes(), 3),
          f"it did not reload: {stage.relay.process.log_tail(3)}")
    publishing.finish(20)
    for one in (viewing, called):
        result = judge(publishing, one)
        claim(result.bit_exact and result.packets == result.published, f"{one.path.name}: {result}")
    claim_caged(stage)  # The resolver's thread came later.
    claim(stage.relay.api.stat().st_uid == relays.unprivileged_user(), "the API's socket is not the user's")
    status = stage.relay.process.stop(signal.SIGTERM)
    claim(status == 0, f"it ended with status {status}: {stage.relay.process.log_tail(3)}")
    claim(not stage.relay.api.exists(), "the API's socket was left behind")
    return f"{count} threads, {result.packets} packets to a viewer and a call, bit-exact"


def on_a_device(driver: str):
    def run(stage: Stage) -> str:
        require_root()
        try:
            with veth.VethLink() as link:
                try:
                    device = relays.Device(f"{driver}0,iface={link.relay_end}", f"{veth.RELAY_IPV4}/24")
                    start_as_root(stage, relays.Configuration(streams=[relays.Stream(STREAM)], devices=[device]))
                    stage.clients_live_in(link)
                    count = claim_caged(stage)
                    target = clients.Target(f"{veth.RELAY_IPV4}:9000", STREAM)
                    viewing = stage.view(clients.SLT, target)
                    stage.wait_for_sessions("viewer", 1)
                    publishing = stage.publish(clients.SLT, target, seconds=3)
                    publishing.finish(20)
                    result = judge(publishing, viewing)
                    claim(result.bit_exact and result.packets == result.published, f"the viewer got {result}")
                    status = stage.relay.process.stop(signal.SIGTERM)
                    claim(status == 0, f"it ended with status {status}: {stage.relay.process.log_tail(3)}")
                    start_as_root(stage, relays.Configuration(streams=[relays.Stream(STREAM)], devices=[device]))
                    return f"{count} threads, {result.packets} packets, bit-exact; the device can be had again"
                finally:
                    stop_all(stage.processes.running, signal.SIGTERM)
        except veth.NoRights as reason:
            raise Skip(str(reason)) from None
    return run


def root_without_a_user_is_warned_about(stage: Stage) -> str:
    require_root()
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stage.start_relay(relays.Configuration(listen=[address], streams=[relays.Stream(STREAM)]), privileged=True)
    warned = [line for line in stage.relay.process.log.read_text().splitlines() if "running as root" in line]
    claim(len(warned) == 1 and "relay.user" in warned[0], f"one line was wanted: {warned}")
    for thread in threads(stage):
        kept = {key: int(thread[key], 16) & ~SOCKET_CAPABILITIES for key in ("CapPrm", "CapEff", "CapInh", "CapAmb", "CapBnd")}
        claim(not any(kept.values()), f"{thread['Name']} can do more than sockets need: {kept}")
    stage.relay.process.popen.send_signal(signal.SIGHUP)
    claim(wait_until(lambda: b" reloaded" in stage.relay.process.log.read_bytes(), 3),
          f"it did not reload: {stage.relay.process.log_tail(3)}")
    return warned[0][-100:]


def a_user_that_is_not_there_is_refused(stage: Stage) -> str:
    configuration = relays.Configuration(listen=["127.0.0.1:9000"], user="no-such-user")
    done = relays.run_briefly(stage.build, stage.work, configuration.toml(stage.api), None)
    claim(done.returncode == 2 and "useradd --system no-such-user" in done.stderr, f"status {done.returncode}: {done.stderr[-300:]}")
    return done.stderr.strip().splitlines()[-1][-120:]


CASES = [("privileges/sockets", on_sockets), ("privileges/net_af_packet", on_a_device("net_af_packet")),
         ("privileges/net_af_xdp", on_a_device("net_af_xdp")),
         *((f"privileges/{test.__name__}", test)
           for test in (root_without_a_user_is_warned_about, a_user_that_is_not_there_is_refused))]
