"""A publisher's and the viewers' fanlight-load, each a process on a DPDK device of its own: all is carried, or both say no."""
from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from typing import Callable, Iterator

import relay as relays
import veth
from load_cases import NAME, Load, carried
from processes import stop_all
from testing import Skip, Stage, claim

VIEWERS = 50
# Three programs in poll mode, or nearly, share two cores with whatever else runs here.
PATIENCE = ("--latency", "500ms", "--backoff")


@dataclass
class Leg:
    """Where one generator calls from, and whom."""
    relay: str
    device: str
    ip: str
    # An interface may lead anywhere: that it is ours has to be said.
    owned: tuple[str, ...] = ()
    inside: Callable[[list[str]], list[str]] = lambda argv: argv

    def start(self, stage: Stage, mode: str, *options: str) -> Load:
        return Load(stage, mode, self.relay, "--port", "ethernet", "--device", self.device, "--ip", self.ip, *self.owned,
                    *PATIENCE, *options, inside=self.inside)


@dataclass
class Legs:
    publisher: Leg
    viewers: Leg

    def publish(self, stage: Stage, seconds: float) -> Load:
        running = self.publisher.start(stage, "publish", "--bitrate", "1M", "--duration", f"{seconds}s")
        stage.wait_for_sessions("publisher", 1)
        return running

    def view(self, stage: Stage, seconds: float) -> Load:
        running = self.viewers.start(stage, "view", "--viewers", str(VIEWERS), "--duration", f"{seconds}s")
        stage.wait_for_sessions("viewer", VIEWERS)
        return running


@contextlib.contextmanager
def memif(stage: Stage) -> Iterator[Legs]:
    """Shared memory: a device of the relay for each generator, without rights or hugepages."""
    home = relays.prepare_home(stage.work, relays.unprivileged_user())
    sockets = [home / f"memif{n}.sock" for n in (0, 1)]
    devices = [relays.Device(f"net_memif{n},role=server,socket={path},socket-abstract=no", f"10.7{7 + n}.0.1/24", f"fd7{7 + n}::1/64")
               for n, path in enumerate(sockets)]
    stage.start_relay(relays.Configuration(streams=[relays.Stream(NAME, join="live")], devices=devices))
    mine = [f"net_memif0,role=client,socket={path},socket-abstract=no" for path in sockets]
    yield Legs(Leg("10.77.0.1:9000", mine[0], "10.77.0.2/24"), Leg("[fd78::1]:9000", mine[1], "fd78::2/64"))


@contextlib.contextmanager
def af_packet(stage: Stage) -> Iterator[Legs]:
    """A veth pair: both generators open its far end in a namespace, beside the kernel there and with addresses of their own."""
    if os.geteuid() != 0:
        raise Skip("namespaces and raw devices need root")
    try:
        with veth.VethLink() as link:
            device = relays.Device(f"net_af_packet0,iface={link.relay_end}", f"{veth.RELAY_IPV4}/24", f"{veth.RELAY_IPV6}/64")
            try:
                stage.start_relay(relays.Configuration(streams=[relays.Stream(NAME, join="live")], devices=[device]), privileged=True)
                mine = f"net_af_packet0,iface={link.client_end}"
                yield Legs(*(Leg(relay, mine, own, ("--i-own-this-network", network), link.inside) for relay, own, network in
                             ((f"{veth.RELAY_IPV4}:9000", "10.77.0.3/24", "10.77.0.0/24"),
                              (f"[{veth.RELAY_IPV6}]:9000", "fd77::4/64", "fd77::/64"))))
            finally:  # The namespace goes when nobody lives in it any more.
                stop_all(stage.processes.running, signal.SIGTERM)
    except veth.NoRights as reason:
        raise Skip(str(reason)) from None


def all_is_carried(stage: Stage, legs: Legs) -> str:
    publishing = legs.publish(stage, 8)
    viewed = legs.view(stage, 5).finish()
    published = publishing.finish()
    claim(viewed["passed"] and viewed["connected"] == viewed["served"] == VIEWERS, f"{viewed}")
    # 95 packets/s.
    claim(viewed["received"] == viewed["expected"] >= VIEWERS * 5 * 90, f"{viewed}")
    claim(published["passed"] and published["publishers"]["unacknowledged"] == 0, f"{published}")
    return carried(viewed)


def killed_relay_is_noticed(stage: Stage, legs: Legs) -> str:
    """Nobody says SHUTDOWN, and both end before silence alone would end a session."""
    publishing = legs.publish(stage, 5)
    viewing = legs.view(stage, 4)
    time.sleep(1)
    stage.relay.process.stop(signal.SIGKILL)
    viewed, published = viewing.finish(status=1), publishing.finish(status=1)
    claim(viewed["stale"] + viewed["silent"] == VIEWERS and viewed["served"] == 0, f"{viewed}")
    claim(published["publishers"]["unacknowledged"] > 0, f"{published}")
    return f"{viewed['reasons'][0]}; {published['reasons'][0]}"


def over(device, test):
    def run(stage: Stage) -> str:
        with device(stage) as legs:
            return test(stage, legs)
    return run


CASES = [(f"load/net_{device.__name__}/{test.__name__}", over(device, test))
         for device in (memif, af_packet) for test in (all_is_carried, killed_relay_is_noticed)]
