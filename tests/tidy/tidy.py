#!/usr/bin/env python3
"""Holds the house: who may include whom, where DPDK and clocks may be named, and that the documents are true.

Prints one line per finding; the last line is `N passed, N failed, N skipped`, counted in checks. Exits 1 when one
failed.

examples:
  tests/tidy/tidy.py                   everything but --headers
  tests/tidy/tidy.py --headers         also compiles every header alone (minutes)
  tests/tidy/tidy.py --only floors     some of it
"""
from __future__ import annotations

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Callable, Iterable

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("dataplane", "controlplane", "hls-packager", "tools", "bench", "tests")
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
TEST_LINES_MAX = 80  # A test may spell out a table of cases.


class Skip(Exception):
    """A check that cannot be made here; the text says why."""


# --- what we read

@dataclass(frozen=True)
class Source:
    path: str  # From the root, with slashes.
    text: str
    code: str = field(compare=False)  # The text, comments and the contents of literals blanked; lines kept.

    @property
    def is_test(self) -> bool:
        name = self.path.rsplit("/", 1)[-1]
        return (self.path.startswith("tests/") or name.startswith("test_")
                or name.rsplit(".", 1)[0].endswith(("_test", "_fixture")))

    def lines(self) -> list[tuple[int, str]]:
        return list(enumerate(self.code.split("\n"), 1))


BLANKED = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',
    re.S)


def without_comments(text: str) -> str:
    def blank(match: re.Match) -> str:
        keep_quotes = match.group().startswith('"') and "#include" in text[text.rfind("\n", 0, match.start()) + 1:match.start()]
        return match.group() if keep_quotes else re.sub(r"[^\n]", " ", match.group())
    return BLANKED.sub(blank, text)


def is_ours(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return not any(part.startswith((".git", "build", "__pycache__", ".cache")) and part != ".gitignore" for part in parts)


@cache
def sources() -> tuple[Source, ...]:
    found = []
    for folder in CODE_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cc") and is_ours(path):
                text = path.read_text(encoding="utf-8")
                found.append(Source(path.relative_to(ROOT).as_posix(), text, without_comments(text)))
    return tuple(found)


def source(path: str) -> Source:
    for one in sources():
        if one.path == path:
            return one
    raise Skip(f"{path} is not there")


def read(path: str) -> str:
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Skip(f"{path} is not there") from None


# --- floors

@dataclass(frozen=True)
class Floor:
    rooms: tuple[str, ...] = ()    # May be included whole; the room itself always may.
    headers: tuple[str, ...] = ()  # Single headers of other rooms.
    outside: tuple[str, ...] = ()  # Prefixes of <...> headers that are not the C++ standard library's.


ENGINE_FLOOR = ("base", "wire")
# The compiler's main file once, and included by its command line only.
PRECOMPILED = "tests/support/test_pch.h"
BELOW_WORKER = ("base", "contract", "wire", "crypto", "packet", "engine", "stream")
KERNEL = ("sys/", "netinet/", "linux/", "arpa/", "net/", "poll.h", "unistd.h", "fcntl.h", "pthread.h", "sched.h", "signal.h", "time.h")
FLOORS = {
    "dataplane/base": Floor(outside=("arpa/inet.h", "unistd.h")),
    "dataplane/wire": Floor(("base",)),
    "dataplane/crypto": Floor(("base", "wire"), outside=("openssl/", "intel-ipsec-mb.h", "sys/mman.h", "sys/resource.h")),
    "dataplane/contract": Floor(("base", "wire", "crypto")),
    "dataplane/packet": Floor(("base",)),
    "dataplane/packet/mbuf": Floor(("base",), outside=("rte_",)),
    "dataplane/engine": Floor(ENGINE_FLOOR, ("contract/limits.h",)),
    "dataplane/net": Floor(("base",), outside=("immintrin.h",)),
    "dataplane/stream": Floor(("base", "contract", "wire", "crypto", "packet", "engine"), ("io/port.h",)),
    "dataplane/io": Floor(("base", "contract", "crypto", "net", "packet"), outside=("rte_", *KERNEL)),
    "dataplane/worker": Floor(BELOW_WORKER, ("io/port.h", "io/doorbell.h")),
    "controlplane/jose": Floor(("base", "crypto"), outside=("openssl/", "nlohmann/")),
    "controlplane/config": Floor(("base", "contract", "wire", "crypto", "jose"), ("api/socket_path.h",),
                                 ("toml++/", "fcntl.h", "grp.h", "pwd.h", "sys/stat.h", "unistd.h")),
    "controlplane/access": Floor(("base", "contract", "wire", "crypto", "jose", "config"), outside=("nlohmann/",)),
    "controlplane/session": Floor(("base", "contract", "wire", "crypto", "jose", "config", "access")),
    "controlplane/hooks": Floor(("base", "contract", "wire", "crypto", "jose", "config", "access", "session"),
                                outside=("boost/", "nlohmann/", "openssl/")),
    "controlplane/api": Floor(("base", "contract", "wire", "crypto", "jose", "config", "access", "session", "hooks"),
                              outside=("boost/", "nlohmann/", "prometheus/", *KERNEL)),
    "controlplane/capacity": Floor((*BELOW_WORKER, "io", "worker"), outside=("nlohmann/", "ifaddrs.h", *KERNEL)),
    "controlplane/daemon": Floor((*BELOW_WORKER, "net", "io", "worker", "config", "access", "session", "hooks", "api",
                                  "capacity"),
                                 outside=("boost/", "spdlog/", "CLI/", "malloc.h", "seccomp.h", "pwd.h", "grp.h", *KERNEL)),
    "hls-packager/codec": Floor(("base",)),
    "hls-packager/ts": Floor(("base", "wire", "codec")),
    "hls-packager/cmaf": Floor(("base", "codec")),
    "hls-packager/media": Floor(("base", "codec", "ts")),
    "hls-packager/playlist": Floor(("base", "codec"), ("cmaf/shared_list.h", "cmaf/wall_time.h")),
    "hls-packager/segment": Floor(("base", "codec", "ts", "media")),
    "hls-packager/protect": Floor(("base", "codec", "cmaf"), ("playlist/hex.h", "playlist/text.h"), ("openssl/",)),
    "hls-packager/once": Floor(("base", "codec", "ts", "cmaf", "media", "playlist", "segment", "protect")),
    "hls-packager/live": Floor(("base", "codec", "ts", "cmaf", "media", "playlist", "segment", "protect"), outside=("libdeflate.h",)),
    "hls-packager/http": Floor(("base",), ("cmaf/shared_bytes.h",), ("boost/beast/http/basic_parser.hpp", "nghttp2/", "openssl/", "liburing.h", *KERNEL)),
    "hls-packager/origin": Floor(("base",), ("cmaf/shared_bytes.h", "cmaf/wall_time.h", "live/snapshot.h", "playlist/names.h",
                                             "playlist/hex.h", "playlist/media_playlist.h", "playlist/text.h", "http/message.h"),
                                 ("boost/intrusive/",)),
    "hls-packager/ingest": Floor(("base", "wire"), ("config/srt_url.h",), ("srt/", "netdb.h", *KERNEL)),
    "hls-packager/page": Floor(("base",), ("cmaf/shared_bytes.h", "live/compressor.h", "live/snapshot.h")),
    "hls-packager/service": Floor(("base", "codec", "cmaf", "media", "playlist", "segment", "protect", "live", "http", "origin", "ingest", "page"),
                                  ("access/stream_id.h", "daemon/log_writer.h", "daemon/writer_sink.h", "config/fields.h", "config/open_file.h", "config/sections.h",
                                   "config/secret_source.h", "config/stream_pattern.h"),
                                  ("nlohmann/", "prometheus/", "spdlog/", *KERNEL)),
    "hls-packager": Floor(("base", "once", "service"), outside=("CLI/", *KERNEL)),
    # A program that drives the dataplane's rooms from the other end.
    "tools/fanlight_load": Floor((*BELOW_WORKER, "net", "io"), outside=("nlohmann/", "CLI/", "srt/", "boost/asio/buffer.hpp",
                                                                       "boost/beast/http/basic_parser.hpp", "libdeflate.h", *KERNEL)),
    "tools": Floor(("base", "contract", "wire"), ("api/socket_path.h",), ("boost/", "nlohmann/", "CLI/", *KERNEL)),
}
# The simulator's port looks into what it carries, to see that the envelope fits the packet.
FILE_FLOORS = {"dataplane/io/sim_port.h": ("wire/srt_header.h",)}
ROOMS = {floor.split("/")[1]: floor for floor in FLOORS if floor.count("/") == 1}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


def floor_of(path: str) -> str | None:
    fitting = [floor for floor in FLOORS if path.startswith(floor + "/")]
    return max(fitting, key=len) if fitting else None


def room_of_include(include: str) -> str | None:
    """The dataplane or controlplane room a quoted include names; None for a file beside."""
    first = include.split("/")[0]
    return first if "/" in include and first in ROOMS else None


def is_standard(header: str) -> bool:
    return "/" not in header and "." not in header


def judge_include(floor_name: str, quoted: str | None, angled: str | None) -> str | None:
    floor = FLOORS[floor_name]
    own = floor_name.split("/")[1] if "/" in floor_name else floor_name
    if angled is not None:
        if is_standard(angled) or angled.startswith(floor.outside or ("\0",)):
            return None
        return f"{floor_name} may not include <{angled}>"
    room = room_of_include(quoted)
    if room is None or room == own or room in floor.rooms or quoted in floor.headers:
        return None
    stands_on = ", ".join((*floor.rooms, *floor.headers)) or "the standard library"
    return f"{floor_name} may not include {quoted}: it stands on {stands_on}"


def check_floors() -> Iterable[str]:
    """Each room includes only what docs/architecture.md says it stands on."""
    for one in sources():
        floor = floor_of(one.path)
        if floor is None:
            if one.path.startswith(("dataplane/", "controlplane/", "hls-packager/")):
                yield f"{one.path}: lies in a room that the floor table does not know"
            continue
        if one.is_test:
            continue
        for number, line in one.lines():
            if match := INCLUDE.match(line):
                if match[1] in FILE_FLOORS.get(one.path, ()):
                    continue
                if finding := judge_include(floor, match[1], match[2]):
                    yield f"{one.path}:{number}: {finding}"


def check_protocols() -> Iterable[str]:
    """One protocol's engine never includes another's."""
    for one in sources():
        if not (match := re.match(r"dataplane/engine/(\w+)/", one.path)):
            continue
        for number, line in one.lines():
            include = INCLUDE.match(line)
            other = include and include[1] and re.match(r"engine/(\w+)/", include[1])
            if other and other[1] != match[1]:
                yield f"{one.path}:{number}: an engine may not include another protocol's ({include[1]})"


def check_dpdk() -> Iterable[str]:
    """rte_ is said in packet/mbuf, io and bench alone."""
    for one in sources():
        if one.path.startswith(("dataplane/packet/mbuf/", "dataplane/io/", "bench/")):
            continue
        for number, line in one.lines():
            if re.search(r"\brte_", line):
                yield f"{one.path}:{number}: rte_ belongs in packet/mbuf, io and bench"


CLOCK = re.compile(r"clock_gettime|gettimeofday|std::chrono|steady_clock|system_clock|this_thread::sleep|\bu?sleep\("
                   r"|rdtsc|rte_get_t\w+_cycles|(?:std::|::|[=(,;{]\s*|return )time\((?:nullptr|NULL|0|&)")
CLOCK_ROOMS = ("dataplane/io/", "controlplane/capacity/", "controlplane/daemon/", "controlplane/api/", "controlplane/hooks/", "hls-packager/ingest/", "hls-packager/http/", "hls-packager/service/", "tools/", "tests/", "bench/")


def check_clocks() -> Iterable[str]:
    """Time is handed in: clocks are read in io, in the daemon and API, in tools and tests."""
    for one in sources():
        if one.is_test or one.path.startswith(CLOCK_ROOMS):
            continue
        for number, line in one.lines():
            if CLOCK.search(line):
                yield f"{one.path}:{number}: reads a clock; `now` is handed in here"


FORBIDDEN = re.compile(r"\bthrow\b|\bcatch\s*\(|std::(?:recursive_|shared_)?mutex|std::thread|std::function|std::(?:cout|cerr)"
                       r"|\bf?printf\(|\bvirtual\b")
# StreamFactory, which control calls; and the last words of a failed CHECK.
ALLOWED = {("dataplane/contract/commands.h", "virtual"), ("dataplane/base/check.h", "fprintf(")}


def check_fast_rooms() -> Iterable[str]:
    """No exceptions, locks, threads, virtual calls or prints in the dataplane."""
    for one in sources():
        if one.is_test or not one.path.startswith("dataplane/"):
            continue
        for number, line in one.lines():
            match = FORBIDDEN.search(line)
            if match and (one.path, match[0]) not in ALLOWED:
                yield f"{one.path}:{number}: `{match[0]}` has no place in the dataplane"


# --- text

TEXT_SUFFIXES = {".h", ".cc", ".py", ".sh", ".md", ".build", ".txt", ".toml", ".srt", ""}
NOT_TEXT = ("tests/fuzz/corpus/",)


@cache
def texts() -> tuple[tuple[str, str], ...]:
    found = []
    for path in sorted(ROOT.rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if not path.is_file() or not is_ours(path) or path.suffix not in TEXT_SUFFIXES or name.startswith(NOT_TEXT):
            continue
        try:
            found.append((name, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return tuple(found)


def matches_in_texts(pattern: re.Pattern, says: str) -> Iterable[str]:
    own = Path(__file__).resolve().relative_to(ROOT).as_posix() if Path(__file__).resolve().is_relative_to(ROOT) else ""
    for name, text in texts():
        if name in (own, "LICENSE"):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if match := pattern.search(line):
                yield f"{name}:{number}: {says.format(match[0])}"


def check_to_dos() -> Iterable[str]:
    """What is to be done stands in an issue, not in the code."""
    return matches_in_texts(re.compile(r"\b(?:TODO|FIXME|XXX)\b"), "{}: open an issue instead")


def check_paths() -> Iterable[str]:
    """No path of one machine."""
    return matches_in_texts(re.compile(r"(?<![\w./-])/(?:home/\w+|work|root)/"), "{} is a path of one machine")


def check_placeholders() -> Iterable[str]:
    """No document waits for a number that was never filled in."""
    placeholder = re.compile(r"@[A-Z][A-Z0-9_]*@")
    for name, text in texts():
        if not name.endswith(".md"):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            for match in placeholder.finditer(line):
                yield f"{name}:{number}: {match[0]} was never filled in"


def check_sizes() -> Iterable[str]:
    """A file has one noun, a function is seen at once."""
    for one in sources():
        count = one.text.count("\n")
        if count > FILE_LINES_MAX:
            yield f"{one.path}: {count} lines; {FILE_LINES_MAX} are the most"
        yield from long_functions(one)


NO_FUNCTION = re.compile(r"\s*(?:namespace|class|struct|union|enum|extern|if|else|for|while|switch|do|try|}|case|default)\b")


def long_functions(one: Source) -> Iterable[str]:
    lines = one.code.split("\n")
    for number, line in enumerate(lines):
        stripped = line.rstrip()
        if not stripped.endswith("{") or ")" not in stripped or NO_FUNCTION.match(line):
            continue
        depth, last = 0, number
        for last in range(number, len(lines)):
            depth += lines[last].count("{") - lines[last].count("}")
            if depth <= 0:
                break
        length = last - number + 1
        most = TEST_LINES_MAX if one.is_test else FUNCTION_LINES_MAX
        if length > most:
            yield f"{one.path}:{number + 1}: a function of {length} lines; {most} are the most"


def check_pragma_once() -> Iterable[str]:
    """Every header says #pragma once."""
    for one in sources():
        if one.path.endswith(".h") and one.path != PRECOMPILED and not re.search(r"^#pragma once$", one.code, re.M):
            yield f"{one.path}: #pragma once is missing"


# --- the build

def named_in_build() -> set[str]:
    named = set()
    for build_file in sorted(ROOT.rglob("meson.build")):
        if not is_ours(build_file):
            continue
        text = re.sub(r"#.*", "", build_file.read_text(encoding="utf-8"))
        folder = build_file.parent
        for name in re.findall(r"'([^']+\.cc)'", text):
            named.add(os.path.relpath((folder / name).resolve(), ROOT))
        for before, after in re.findall(r"'([^']*)'\s*\+\s*\w+\s*\+\s*'([^']*\.cc)'", text):
            for key in re.findall(r"'(\w+)'\s*[:,\]]", text):
                named.add(os.path.relpath((folder / f"{before}{key}{after}").resolve(), ROOT))
    return named


def check_build() -> Iterable[str]:
    """Every source is built, every header is included by somebody."""
    named = named_in_build()
    included = {match[1] for one in sources() for _, line in one.lines() if (match := INCLUDE.match(line)) and match[1]}
    for one in sources():
        if one.path.endswith(".cc") and one.path not in named:
            yield f"{one.path}: no meson.build names it"
        if one.path.endswith(".h") and one.path != PRECOMPILED and not any(f"/{one.path}".endswith(f"/{name}") for name in included):
            yield f"{one.path}: nobody includes it"


# --- counters

def enumerators(path: str, macro: str) -> dict[str, str]:
    """Of an X-macro: name in metrics -> enumerator."""
    text = source(path).text
    body = re.search(rf"#define {macro}\(X\)((?:.*\\\n)*.*\n)", text)
    if body is None:
        raise Skip(f"{path} has no {macro}")
    return {name: enumerator for enumerator, name in re.findall(r'X\((\w+), "(\w+)"\)', body[1])}


def port_counter_fields() -> dict[str, str]:
    body = re.search(r"struct PortCounters \{(.*?)\n\};", source("dataplane/io/port.h").code, re.S)
    if body is None:
        raise Skip("dataplane/io/port.h has no PortCounters")
    return {name: name for name in re.findall(r"[>\w]\s+(\w+)\s*(?:=[^;]*|\{\});", body[1])}


def documented(text: str, heading: str) -> dict[str, str]:
    """First to last cell of each table row under `## heading`."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.S | re.M)
    rows = re.findall(r"^\|\s*`(\w+)`\s*\|(.*)\|\s*$", section[1], re.M) if section else []
    return {name: rest.split("|")[-1].strip() for name, rest in rows}


def check_counters_document() -> Iterable[str]:
    """docs/counters.md has a sentence for each verdict, counter and port counter, and for nothing else."""
    text = read("docs/counters.md")
    known = {"Verdicts": enumerators("dataplane/base/verdict.h", "FANLIGHT_VERDICTS"),
             "Counters": enumerators("dataplane/contract/counters.h", "FANLIGHT_COUNTERS"),
             "Port counters": port_counter_fields()}
    for heading, names in known.items():
        rows = documented(text, heading)
        for name in names:
            if len(rows.get(name, "")) < 20:
                yield f"docs/counters.md: `{name}` has no sentence under \"{heading}\""
        for name in rows:
            if name not in names:
                yield f"docs/counters.md: `{name}` under \"{heading}\" does not exist in the code"


def check_counters_move() -> Iterable[str]:
    """Every verdict is given and every counter moved by some line of the dataplane."""
    code = "\n".join(one.code for one in sources() if one.path.startswith("dataplane/") and not one.is_test)
    for path, macro, kind in (("dataplane/base/verdict.h", "FANLIGHT_VERDICTS", "Verdict"),
                              ("dataplane/contract/counters.h", "FANLIGHT_COUNTERS", "Counter")):
        for enumerator in enumerators(path, macro).values():
            if not re.search(rf"\b{kind}::{enumerator}\b", code):
                yield f"{path}: nothing in the dataplane says {kind}::{enumerator}"


def check_system_calls() -> Iterable[str]:
    """The relay's system calls are those that docs/security.md lists."""
    path = "controlplane/daemon/system_calls.cc"
    code = re.sub(r"//[^\n]*", "", read(path))
    tables = "".join(re.findall(r"constexpr const char\* kAllowed\w*\[\] = \{(.*?)\};", code, re.S))
    in_code = set(re.findall(r'"(\w+)"', tables)) | set(re.findall(r'rules\.(?:allow|allow_if|answer)\("(\w+)"', code))
    section = read("docs/security.md").partition("\n## System calls\n")[2].partition("\n## ")[0]
    rows = [line for line in section.split("\n") if line.startswith("| ")]
    in_document = set(re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in rows)))
    if len(in_code) < 50:
        yield f"{path}: the tables were not found"
    for name in sorted(in_code - in_document):
        yield f"docs/security.md: `{name}` is allowed and not under \"System calls\""
    for name in sorted(in_document - in_code):
        yield f"docs/security.md: `{name}` under \"System calls\" is not in {path}"


# `name` as a row of threats says it: Suite.Case, Suite, …Case of the suite before, a fuzzer, or a case in Python.
def is_shown_by(name: str, suite: str, code: str, scripts: str) -> bool:
    if " " in name:  # A command.
        return True
    if name.startswith("…"):
        return re.search(rf"TEST(?:_F|_P)?\(\s*{suite},\s*\w*{name[1:]}\b", code) is not None
    if test := re.fullmatch(r"(\w+Test)(?:\.(\w+))?", name):
        which = test[2] or r"\w+"
        return re.search(rf"TEST(?:_F|_P)?\(\s*{test[1]},\s*{which}\b", code) is not None
    if name.startswith("fuzz_"):
        return (ROOT / "tests" / "fuzz" / f"{name}.cc").exists()
    return name.rpartition("/")[2].rstrip("*") in scripts


def check_threats() -> Iterable[str]:
    """Each threat of docs/security.md names what shows it, and that is there."""
    code = "".join(source.text for source in sources())
    scripts = "".join(path.read_text(encoding="utf-8") for folder in ("e2e", "interop") for path in (ROOT / "tests" / folder).glob("*.py"))
    rows = [row.split(" | ") for row in read("docs/security.md").partition("\n## Threats\n")[2].partition("\n## ")[0].split("\n")[3:]
            if row.startswith("| ")]
    if len(rows) < 30:
        yield "docs/security.md: the table of threats was not found"
    for row in rows:
        names, suite = re.findall(r"`([^`]+)`", row[-1]), ""
        if len(row) != 3 or not names:
            yield f"docs/security.md: what shows {row[0][2:50]!r}?"
        for name in names:
            suite = name.partition(".")[0] if "." in name else suite
            if not is_shown_by(name, suite, code, scripts):
                yield f"docs/security.md: `{name}`, which shows {row[0][2:50]!r}, is not there"


# --- documents

LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")


def anchor_of(heading: str) -> str:
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", lambda m: m[1] or "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def judge_link(document: Path, target: str) -> str | None:
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    file = (document.parent / name).resolve() if name else document
    if not file.exists():
        return f"links to {target}, which is not there"
    if anchor and file.suffix == ".md":
        anchors = {anchor_of(heading) for heading in re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.M)}
        if anchor not in anchors:
            return f"links to {target}, and there is no such heading"
    return None


def check_links() -> Iterable[str]:
    """Every link of a document leads somewhere."""
    for document in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
        text = re.sub(r"```.*?```", lambda m: re.sub(r"[^\n]", " ", m[0]), document.read_text(encoding="utf-8"), flags=re.S)
        for number, line in enumerate(text.split("\n"), 1):
            for match in LINK.finditer(line):
                if finding := judge_link(document, match[1] or match[2]):
                    yield f"{document.relative_to(ROOT).as_posix()}:{number}: {finding}"


def check_decisions() -> Iterable[str]:
    """Decision records are numbered without gaps and have the five sections."""
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    if not records:
        raise Skip("docs/adr is empty")
    for expected, record in enumerate(records, 1):
        name = record.relative_to(ROOT).as_posix()
        if not record.name.startswith(f"{expected:04}-"):
            yield f"{name}: number {expected:04} was expected"
        headings = re.findall(r"^## (.*)$", record.read_text(encoding="utf-8"), re.M)
        for heading in ("Context", "Decision", "Alternatives", "Consequences", "How we would notice it was wrong"):
            if heading not in headings:
                yield f"{name}: the section \"{heading}\" is missing"


# --- tools of others

def check_format() -> Iterable[str]:
    """clang-format has nothing to say."""
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if tool is None:
        raise Skip("clang-format is not installed")
    version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
    if "version 14." not in version:
        raise Skip(f"clang-format 14 is wanted, {version.strip()} is installed")
    files = [one.path for one in sources()]
    result = subprocess.run([tool, "--dry-run", "-Werror", *files], cwd=ROOT, capture_output=True, text=True)
    broken = re.findall(r"^(\S+?):(\d+):\d+: error", result.stderr, re.M)
    first_lines: dict[str, str] = {}
    for path, line in broken:
        first_lines.setdefault(path, line)
    for path, line in first_lines.items():
        yield f"{path}:{line}: not as clang-format has it"
    if result.returncode != 0 and not broken:
        yield f"clang-format failed: {result.stderr.strip()[:200]}"


def compile_alone(header: str, flags: list[str]) -> str | None:
    command = ["g++", "-std=c++20", "-fsyntax-only", "-x", "c++", "-include", str(ROOT / header), "-I", str(ROOT / "dataplane"),
               "-I", str(ROOT / "controlplane"), "-I", str(ROOT / "hls-packager"), "-I", str(ROOT / "tools"), "-I", str(ROOT / "bench"),
               *flags, os.devnull]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode == 0:
        return None
    errors = [line for line in result.stderr.splitlines() if "error:" in line]
    return f"{header}: does not compile alone: {(errors or result.stderr.splitlines() or ['?'])[0]}"


def check_headers() -> Iterable[str]:
    """Every header compiles alone."""
    probe = subprocess.run(["pkg-config", "--cflags", "libdpdk"], capture_output=True, text=True)
    mbuf = ["-DFANLIGHT_PACKET_MBUF", *probe.stdout.split()] if probe.returncode == 0 else None
    jobs = []
    for one in sources():
        if not one.path.endswith(".h") or one.path.startswith("dataplane/packet/heap/"):
            continue
        needs_mbuf = one.path.startswith(("dataplane/io/", "dataplane/packet/mbuf/", "controlplane/capacity/", "controlplane/daemon/", "bench/"))
        if not needs_mbuf or mbuf is not None:
            jobs.append((one.path, mbuf if needs_mbuf else []))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from (finding for finding in pool.map(lambda job: compile_alone(*job), jobs) if finding)


CHECKS: dict[str, Callable[[], Iterable[str]]] = {
    "floors": check_floors,
    "protocols": check_protocols,
    "dpdk": check_dpdk,
    "clocks": check_clocks,
    "fast-rooms": check_fast_rooms,
    "to-dos": check_to_dos,
    "paths": check_paths,
    "placeholders": check_placeholders,
    "sizes": check_sizes,
    "pragma-once": check_pragma_once,
    "build": check_build,
    "counters-document": check_counters_document,
    "counters-move": check_counters_move,
    "system-calls": check_system_calls,
    "threats": check_threats,
    "links": check_links,
    "decisions": check_decisions,
    "format": check_format,
    "headers": check_headers,
}
SLOW = ("headers",)


def run(name: str, counts: dict[str, int]) -> None:
    try:
        findings = list(CHECKS[name]())
    except Skip as reason:
        print(f"skip {name}: {reason}")
        counts["skipped"] += 1
        return
    for finding in findings:
        print(f"FAIL {name}: {finding}")
    counts["failed" if findings else "passed"] += 1


def main() -> int:
    global ROOT
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=ROOT, help="the project's folder (default: this one)")
    parser.add_argument("--headers", action="store_true", help="also compile every header alone")
    parser.add_argument("--only", action="append", choices=CHECKS, help="run this check alone (may be given again)")
    args = parser.parse_args()
    ROOT = args.root.resolve()
    names = args.only or [name for name in CHECKS if name not in SLOW or args.headers]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name in names:
        run(name, counts)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
