"""The units for systemd in examples/, judged by systemd's own tool."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import setup
from testing import Stage, claim, require_tools

UNIT = setup.ROOT / "examples" / "fanlight.service"
DROP_IN = setup.ROOT / "examples" / "ethernet.conf"
PACKAGER_UNIT = UNIT.with_name("fanlight-packager.service")


def installed(stage: Stage, *, with_ethernet: bool) -> Path:
    """As on a host, with a program that is there. Answers the directory."""
    place = stage.work / ("ethernet" if with_ethernet else "sockets")
    place.mkdir()
    program = setup.find_program(stage.build, "fanlightd")
    (place / UNIT.name).write_text(UNIT.read_text().replace("/usr/local/bin/fanlightd", str(program)))
    if with_ethernet:
        (place / f"{UNIT.name}.d").mkdir()
        shutil.copy(DROP_IN, place / f"{UNIT.name}.d")
    return place


def analyze(place: Path, *words: str, unit: str = UNIT.name) -> str:
    done = subprocess.run(["systemd-analyze", *words, unit], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "SYSTEMD_UNIT_PATH": f"{place}:"})
    said = done.stdout + done.stderr
    claim(done.returncode == 0, f"systemd-analyze {words[0]}: status {done.returncode}: {said[-300:]}")
    return said


def is_understood(stage: Stage) -> str:
    require_tools("systemd-analyze")
    for with_ethernet in (False, True):
        said = analyze(installed(stage, with_ethernet=with_ethernet), "verify")
        about_us = [line for line in said.splitlines() if "fanlight" in line or "ethernet.conf" in line]
        claim(not about_us, f"systemd complains: {about_us}")
    return "alone and with the drop-in"


def the_packagers_is_understood(stage: Stage) -> str:
    require_tools("systemd-analyze")
    program = setup.find_program(stage.build, "fanlight-packager")
    (stage.work / PACKAGER_UNIT.name).write_text(PACKAGER_UNIT.read_text().replace("/usr/local/bin/fanlight-packager", str(program)))
    said = analyze(stage.work, "verify", unit=PACKAGER_UNIT.name)
    about_us = [line for line in said.splitlines() if "fanlight" in line]
    claim(not about_us, f"systemd complains: {about_us}")
    found = figure(analyze(stage.work, "security", "--offline=true", unit=PACKAGER_UNIT.name))
    claim(float(found) < 2, f"its exposure level is {found}")
    return f"exposure level {found}"


def figure(said: str) -> str:
    found = re.search(r"Overall exposure level.*: ([0-9.]+)", said)
    return "nothing" if found is None else found[1]


def exposure_is_what_the_documents_say(stage: Stage) -> str:
    require_tools("systemd-analyze")
    words = (setup.ROOT / "docs" / "security.md").read_text()
    promised = re.search(r"exposure\s+level\s+of\s+([0-9.]+)\s+\(OK\), and\s+([0-9.]+)\s+with", words)
    claim(promised is not None, "docs/security.md has no figures")
    found = [figure(analyze(installed(stage, with_ethernet=with_ethernet), "security", "--offline=true"))
             for with_ethernet in (False, True)]
    claim(found == list(promised.groups()), f"docs/security.md says {promised.groups()}, systemd-analyze {found}")
    command = re.search(r"^    (systemd-analyze security .*)$", words, re.MULTILINE)
    claim(command is not None, "docs/security.md has no command to try")
    done = subprocess.run(command[1].split(), cwd=setup.ROOT, capture_output=True, text=True, timeout=60)
    in_place = figure(done.stdout)
    claim(in_place == promised[1], f"{command[1]!r} gives {in_place}, docs/security.md says {promised[1]}: {done.stderr[-200:]}")
    return f"{found[0]} on sockets, as the command of the documents gives it in place, {found[1]} with the drop-in"


CASES = [(f"unit/{test.__name__}", test) for test in (is_understood, the_packagers_is_understood, exposure_is_what_the_documents_say)]
