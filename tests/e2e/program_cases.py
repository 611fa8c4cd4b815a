"""What every program says without a relay: its version, and what is wrong with its command line."""
from __future__ import annotations

import re
import subprocess

import setup
from testing import Stage, claim

VERSION = re.search(r"version : '([^']+)'", (setup.ROOT / "meson.build").read_text())[1]


def call(stage: Stage, program: str, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(setup.find_program(stage.build, program)), *words], capture_output=True, text=True, timeout=10)


def versions_are_told(stage: Stage) -> str:
    for program in ("fanlightd", "fanlight", "fanlight-load"):
        done = call(stage, program, "--version")
        claim(done.returncode == 0 and done.stdout == f"{program} {VERSION}\n", f"{program}: {done}")
    return VERSION


def linkproxy_refuses_negative_times(stage: Stage) -> str:
    for option, wrong in (("--delay", "-5ms"), ("--up-jitter", "-1us"), ("--down-reorder-hold", "-1s"), ("--seconds", "-1"),
                          ("--measure-skip", "-1s")):
        done = call(stage, "fanlight-linkproxy", "--listen", "127.0.0.1:0", "--relay", "127.0.0.1:9", option, wrong)
        claim(done.returncode == 2 and "a time is not negative" in done.stderr, f"{option} {wrong}: {done}")
    return done.stderr.splitlines()[0]


def a_name_that_is_empty_means_nobody(stage: Stage) -> str:
    """A variable of a script that is not set: without this, the key of everybody."""
    for words in (("set", "live/main", "--view", "--user", ""), ("expire", "live/main", "--group", "")):
        done = call(stage, "fanlight", "--api", "/nowhere", "key", *words)
        claim(done.returncode == 2 and "empty" in done.stderr, f"{words}: {done}")
    return done.stderr.strip()


def a_forecast_that_is_not_had_is_no_refusal(stage: Stage) -> str:
    done = call(stage, "fanlight", "--api", "/nowhere", "policy", "check", "live/main", "--from", "192.0.2.1")
    claim(done.returncode == 2 and "no relay answers" in done.stderr, f"{done}")
    return done.stderr.strip()


CASES = [(f"program/{test.__name__}", test) for test in (versions_are_told, linkproxy_refuses_negative_times, a_name_that_is_empty_means_nobody,
                                                        a_forecast_that_is_not_had_is_no_refusal)]
