"""Brings a fresh Debian 12 to where fanlight builds and runs: packages, then meson."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from processes import say

ROOT = Path(__file__).resolve().parents[2]

BUILD_PACKAGES = (
    "g++ meson ninja-build pkg-config ccache libdpdk-dev libssl-dev libipsec-mb-dev libtomlplusplus-dev "
    "libcli11-dev nlohmann-json3-dev libspdlog-dev libboost1.81-dev prometheus-cpp-dev libgtest-dev libgmock-dev "
    "librapidcheck-dev libdeflate-dev libnghttp2-dev libseccomp-dev libsrt-openssl-dev liburing-dev").split()
PEER_PACKAGES = (
    "ffmpeg srt-tools gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad "
    "multicat curl iproute2 ethtool fonts-dejavu-core").split()
TEST_PACKAGES = ["clang-format", "gdb", "systemd"]
BROWSER_PACKAGES = "chromium firefox-esr webkit2gtk-driver xvfb xauth dbus-daemon gstreamer1.0-libav".split()
BENCH_PACKAGES = "libbenchmark-dev libipsec-mb-dev".split()
# What ./scripts/run needs of all that can be built.
PROGRAMS = ("controlplane/fanlightd", "tools/fanlight/fanlight", "hls-packager/fanlight-packager")
LINK_PROXY = "tools/link_proxy/fanlight-linkproxy"
LOAD = "tools/fanlight_load/fanlight-load"


# The page is bundled by npm, and the linter of playlists and its strangers run on Node.
NODE_PROGRAMS = {"node": "nodejs", "npm": "npm"}


class SetupError(Exception):
    """One sentence for the user."""


def missing_packages(names: list[str]) -> list[str]:
    if shutil.which("dpkg-query") is None:
        return []
    found = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names],
                           capture_output=True, text=True).stdout.splitlines()
    installed = {line.split()[0] for line in found if line.endswith(" installed")}
    return [name for name in names if name not in installed]


def node_packages() -> list[str]:
    """None where Node came from elsewhere than Debian: its packages would not go beside it."""
    return [] if all(map(shutil.which, NODE_PROGRAMS)) else list(NODE_PROGRAMS.values())


def _apt(as_root: list[str], *words: str) -> None:
    # env after sudo: sudo drops the caller's environment.
    subprocess.run([*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q", *words], check=True,
                   stdout=sys.stderr)


def install(names: list[str]) -> None:
    missing = missing_packages(names)
    if not missing:
        return
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and (shutil.which("sudo") is None or subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode):
        raise SetupError("these packages are missing and I may not install them: run as root, or first: "
                         f"apt-get install {' '.join(missing)}")
    say(f"installing {' '.join(missing)}")
    try:
        _apt(as_root, "update")
        _apt(as_root, "install", "--no-install-recommends", *missing)
    except subprocess.CalledProcessError as error:
        raise SetupError(f"apt-get failed with status {error.returncode}; its own words are above") from error


def build(directory: Path, targets: tuple[str, ...] = ()) -> None:
    """Configures once, compiles what changed. The compiler's progress goes to stderr: stdout is for results."""
    env = dict(os.environ)
    if shutil.which("ccache") and "CXX" not in env:
        env["CXX"] = "ccache g++"
    try:
        if not (directory / "build.ninja").exists():
            say(f"configuring {directory}")
            subprocess.run(["meson", "setup", "--buildtype=release", str(directory), str(ROOT)], check=True, env=env,
                           stdout=sys.stderr)
        say(f"building {directory}")
        subprocess.run(["ninja", "-C", str(directory), *targets], check=True, env=env, stdout=sys.stderr)
    except subprocess.CalledProcessError as error:
        raise SetupError(f"the build failed: {' '.join(error.cmd[:2])} ended with status {error.returncode}") from error


def build_page(directory: Path) -> bool:
    """The page to watch, where the packager in `directory` looks for it. False, and said: it goes without, as where npm's registry
    cannot be reached."""
    say("building the page")
    done = subprocess.run([str(ROOT / "scripts" / "page.sh"), str(directory / "hls-packager" / "page")], stdout=sys.stderr)
    if done.returncode != 0:
        say("the page could not be built, the words of scripts/page.sh are above; streams are served without it")
    return done.returncode == 0


def install_modules(wanted: Path, directory: Path) -> Path:
    """What the package-lock.json of `wanted` pins, in `directory`; where the modules are."""
    names = ("package.json", "package-lock.json")
    if any(not (directory / name).exists() or (directory / name).read_bytes() != (wanted / name).read_bytes() for name in names) \
            or not (directory / "installed").exists():
        say(f"installing what {wanted.name} needs of npm")
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "installed").unlink(missing_ok=True)
        for name in names:
            shutil.copyfile(wanted / name, directory / name)
        try:
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], check=True, cwd=directory,
                           stdout=sys.stderr)
        except (OSError, subprocess.CalledProcessError) as error:
            raise SetupError(f"npm ci in {directory} failed; its own words are above") from error
        (directory / "installed").touch()
    return directory / "node_modules"


def find_program(directory: Path, name: str) -> Path:
    for found in sorted(directory.rglob(name)):
        if found.is_file() and os.access(found, os.X_OK):
            return found
    target = next((path for path in (*PROGRAMS, LINK_PROXY, LOAD) if Path(path).name == name), "")
    configure = "" if (directory / "build.ninja").exists() else f"meson setup --buildtype=release {directory} {ROOT} && "
    raise SetupError(f"{name} is not in {directory}: build it first: {configure}ninja -C {directory} {target}".rstrip())
