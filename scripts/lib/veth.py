"""A veth pair: one end for the relay's DPDK device, the other in a network namespace where the clients live."""
from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import re
import shutil
import subprocess
from pathlib import Path

from processes import is_alive, wait_until
from setup import SetupError

RELAY_IPV4, CLIENT_IPV4 = "10.77.0.1", "10.77.0.2"
RELAY_IPV6, CLIENT_IPV6 = "fd77::1", "fd77::2"


NEEDS_ROOT = "--port ethernet makes a veth pair and a network namespace, which needs root: run it with sudo"


class NoRights(SetupError):
    """Namespaces and veth need root (CAP_NET_ADMIN, CAP_SYS_ADMIN)."""


class VethLink:
    """A context. Names carry our process id and a number, so that no two meet; everything goes on every way out."""
    _made = itertools.count()
    relay_ipv4, client_ipv4 = RELAY_IPV4, CLIENT_IPV4

    def __init__(self, tag: str | None = None) -> None:
        tag = tag or f"{os.getpid()}n{next(self._made)}"
        self.namespace = f"fanlight-{tag}"
        self.relay_end = f"fanl{tag}r"
        self.client_end = f"fanl{tag}c"

    def __enter__(self) -> "VethLink":
        _require_rights()
        try:
            self._make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_exception) -> None:
        self._remove()

    def inside(self, argv: list[str]) -> list[str]:
        """ip replaces itself by the command: the process id stays the command's own."""
        return ["ip", "netns", "exec", self.namespace, *argv]

    @contextlib.contextmanager
    def sockets_inside(self):
        """Sockets that this thread opens meanwhile are the namespace's, and stay it."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.namespace}") as there:
            _enter(there)
            try:
                yield
            finally:
                _enter(home)

    def set_link(self, up: bool) -> None:
        _ip("link", "set", self.relay_end, "up" if up else "down")

    def neighbour(self, address: str) -> str:
        """What the clients' kernel knows about an address: our ARP and NDP answers."""
        return _ip("-n", self.namespace, "neigh", "show", address)

    def pin_neighbour(self, address: str) -> None:
        """What the clients' kernel knows about an address stays known while the link is down."""
        words = self.neighbour(address).split()
        if "lladdr" not in words:
            raise SetupError(f"{address} is no neighbour of the clients: {' '.join(words)}")
        mac = words[words.index("lladdr") + 1]
        _ip("-n", self.namespace, "neigh", "replace", address, "lladdr", mac, "dev", self.client_end, "nud", "permanent")

    def _make(self) -> None:
        _ip("netns", "add", self.namespace)
        _run(self.inside(["sh", "-c", "for of in all default; do echo 0 > /proc/sys/net/ipv6/conf/$of/accept_dad; done"]))
        _ip("link", "add", self.relay_end, "type", "veth", "peer", "name", self.client_end)
        _ip("link", "set", self.client_end, "netns", self.namespace)
        # The host's own stack must stay silent on the relay's end: what answers there is the relay.
        Path(f"/proc/sys/net/ipv6/conf/{self.relay_end}/disable_ipv6").write_text("1")
        _ip("-n", self.namespace, "addr", "add", f"{self.client_ipv4}/24", "dev", self.client_end)
        _ip("-n", self.namespace, "addr", "add", f"{CLIENT_IPV6}/64", "dev", self.client_end, "nodad")
        for device in ("lo", self.client_end):
            _ip("-n", self.namespace, "link", "set", device, "up")
        self.set_link(True)
        self._wait_for_link_local()
        self._finish_checksums()

    def _wait_for_link_local(self) -> None:
        """It comes with the carrier. Until then what goes to a group of the link has another sender, who changes with it."""
        def is_there() -> bool:
            shown = _ip("-n", self.namespace, "-6", "addr", "show", "dev", self.client_end, "scope", "link", "-tentative")
            return "fe80:" in shown
        if not wait_until(is_there, 5, 0.02):
            raise SetupError(f"{self.client_end} in {self.namespace} got no link-local address within 5 s: is IPv6 off on this host?")

    def _finish_checksums(self) -> None:
        """A kernel leaves UDP checksums over veth half done; the relay's device would see them as broken."""
        _run(self.inside(["ethtool", "-K", self.client_end, "tx", "off"]))

    def _remove(self) -> None:
        subprocess.run(["ip", "link", "del", self.relay_end], capture_output=True)
        subprocess.run(["ip", "netns", "del", self.namespace], capture_output=True)


class KernelLink(VethLink):
    """The relay's end is the kernel's as well: for sockets that join groups on it."""

    def _make(self) -> None:
        super()._make()
        Path(f"/proc/sys/net/ipv6/conf/{self.relay_end}/disable_ipv6").write_text("0")
        _ip("addr", "add", f"{self.relay_ipv4}/24", "dev", self.relay_end)
        _ip("addr", "add", f"{RELAY_IPV6}/64", "dev", self.relay_end, "nodad")
        # Whichever way the route to the sender leads: it is this link that it comes by.
        Path(f"/proc/sys/net/ipv4/conf/{self.relay_end}/rp_filter").write_text("0")


class FickleLink(KernelLink):
    """It goes and comes. Its addresses are its own: no other link gives them to the host meanwhile."""

    relay_ipv4, client_ipv4 = "10.78.0.1", "10.78.0.2"

    def delete(self) -> None:
        """Both ends are gone, as a driver that is unloaded takes its devices along."""
        _ip("link", "del", self.relay_end)

    def make_anew(self) -> None:
        """Under the same names, with the same addresses."""
        self._remove()
        self._make()


class SnoopingLink(VethLink):
    """Behind the relay's end there is a bridge that asks every two seconds who is in which group, forgets who does not
    answer within six, and sends groups nowhere else."""

    def __init__(self, igmp: int = 3, mld: int = 2, tag: str | None = None) -> None:
        super().__init__(tag)
        self.port, self.igmp, self.mld = self.client_end, igmp, mld

    def _make(self) -> None:
        super()._make()
        bridge = self.client_end = "switch0"
        _ip("-n", self.namespace, "addr", "flush", "dev", self.port)
        _ip("-n", self.namespace, "link", "add", "name", bridge, "type", "bridge", "mcast_snooping", "1", "mcast_stats_enabled", "1",
            "mcast_igmp_version", str(self.igmp), "mcast_mld_version", str(self.mld), "mcast_query_interval", "200",
            "mcast_query_response_interval", "100", "mcast_startup_query_interval", "100", "mcast_last_member_interval", "50",
            "mcast_membership_interval", "600")
        _ip("-n", self.namespace, "link", "set", "dev", self.port, "master", bridge)
        _ip("-n", self.namespace, "addr", "add", f"{CLIENT_IPV4}/24", "dev", bridge)
        _ip("-n", self.namespace, "addr", "add", f"{CLIENT_IPV6}/64", "dev", bridge, "nodad")
        _ip("-n", self.namespace, "link", "set", "dev", bridge, "up")
        # Without a link-local address it would ask nobody in IPv6.
        self._wait_for_link_local()
        _ip("-n", self.namespace, "link", "set", "dev", bridge, "type", "bridge", "mcast_querier", "1")

    def members(self) -> set[str]:
        """Groups that the bridge sends to the relay, as it learnt from reports."""
        shown = _run(["bridge", "-n", self.namespace, "mdb", "show", "dev", self.client_end])
        return {found.group(1) for found in re.finditer(rf"port {self.port} grp (\S+)", shown)}

    def heard(self, what: str) -> dict[str, int]:
        """Of the relay, by version: "IGMP reports", "MLD reports"; what the bridge could not read is "errors"."""
        shown = _ip("-n", self.namespace, "link", "xstats", "type", "bridge_slave", "dev", self.port)
        received = re.search(rf"{what}:\s+RX: (.*)", shown).group(1)
        errors = re.search(rf"{what.split()[0]} parse errors: (\d+)", shown).group(1)
        return {"errors": int(errors)} | {version: int(count) for version, count in re.findall(r"(v\d) (\d+)", received)}


def remove_leftovers() -> None:
    """Namespaces and veth ends whose owner was killed before it could clean up."""
    if os.geteuid() != 0:
        return
    for folder, pattern in (("/run/netns", r"fanlight-((\d+)n\d+)"), ("/sys/class/net", r"fanl((\d+)n\d+)[rc]")):
        names = os.listdir(folder) if os.path.isdir(folder) else []
        for tag, owner in {found.groups() for name in names if (found := re.fullmatch(pattern, name))}:
            if not is_alive(int(owner)):
                VethLink(tag)._remove()


def _enter(namespace) -> None:
    clone_newnet = 0x4000_0000
    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), clone_newnet) != 0:
        raise NoRights(f"cannot enter the network namespace: {os.strerror(ctypes.get_errno())}")


def _require_rights() -> None:
    if os.geteuid() != 0:
        raise NoRights(NEEDS_ROOT)
    for tool in ("ip", "ethtool"):
        if shutil.which(tool) is None:
            raise NoRights(f"--port ethernet needs {tool}: apt-get install iproute2 ethtool")


def _ip(*words: str) -> str:
    return _run(["ip", *words])


def _run(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode != 0:
        raise NoRights(f"cannot set up the network namespace: {' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout
