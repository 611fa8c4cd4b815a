"""Callers with JSON Web Tokens in their stream IDs: what gets in, and what the others are told.

Keys and signatures are made by the openssl program, so that nothing of ours is on both sides.
"""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import clients
import libsrt
import relay as relays
from processes import wait_until
from testing import Results, Skip, Stage, claim, judge, require_tools

STREAM = "token/main"
STREAM_ID_BYTES_MAX = 512  # SRT's own.
KEYS_ARE_LOOKED_AT = 2.0   # Seconds.


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*words: str, stdin: bytes | None = None) -> bytes:
    return subprocess.run(["openssl", *words], input=stdin, check=True, capture_output=True, timeout=20).stdout


class Issuer:
    """One key: HS256, RS256, ES256 or EdDSA."""

    def __init__(self, algorithm: str, work: Path) -> None:
        self.algorithm = algorithm
        self._work = work
        self._file = str(work / f"{algorithm}-{secrets.token_hex(4)}.pem")
        self._secret = secrets.token_bytes(32)
        kinds = {"RS256": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"), "EdDSA": ("ED25519",),
                 "ES256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256")}
        if algorithm in kinds:
            openssl("genpkey", "-algorithm", *kinds[algorithm], "-out", self._file)

    def jwk(self) -> dict:
        named = {"kid": self.algorithm.lower(), "alg": self.algorithm}
        if self.algorithm == "HS256":
            return {"kty": "oct", "k": base64url(self._secret), **named}
        if self.algorithm == "RS256":
            modulus = openssl("rsa", "-in", self._file, "-noout", "-modulus").decode().strip().split("=")[1]
            return {"kty": "RSA", "n": base64url(bytes.fromhex(modulus)), "e": "AQAB", **named}
        public = openssl("pkey", "-in", self._file, "-pubout", "-outform", "DER")
        if self.algorithm == "EdDSA":
            return {"kty": "OKP", "crv": "Ed25519", "x": base64url(public[-32:]), **named}
        return {"kty": "EC", "crv": "P-256", "x": base64url(public[-64:-32]), "y": base64url(public[-32:]), **named}

    def token(self, claims: dict) -> str:
        header = {"alg": self.algorithm, "kid": self.algorithm.lower()}
        text = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
        return text + "." + base64url(self._sign(text.encode()))

    def _sign(self, text: bytes) -> bytes:
        if self.algorithm == "HS256":
            return hmac.digest(self._secret, text, hashlib.sha256)
        if self.algorithm == "EdDSA":  # OpenSSL 3.0 wants its input as a file.
            message = self._work / f"{secrets.token_hex(4)}.txt"
            message.write_bytes(text)
            return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self._file, "-in", str(message))
        signature = openssl("dgst", "-sha256", "-sign", self._file, stdin=text)
        return signature if self.algorithm == "RS256" else side_by_side(signature)


def side_by_side(der: bytes) -> bytes:
    """r and s of 32 bytes each from ECDSA's SEQUENCE of two INTEGERs."""
    size = der[3]
    r, s = der[4:4 + size], der[6 + size:]
    return b"".join(number.lstrip(b"\0").rjust(32, b"\0") for number in (r, s))


def claims(**more) -> dict:
    """What an operator would write: who, for what, for how long."""
    return {"iss": "https://cms.example.net", "aud": "fanlight", "sub": "camera-7", "stream": STREAM,
            "exp": int(time.time()) + 3600, **more}


def write_keys(path: Path, issuers: list[Issuer]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"keys": [issuer.jwk() for issuer in issuers]}))
    fresh.chmod(0o600)
    if (user := relays.unprivileged_user()) is not None:
        os.chown(fresh, user, -1)
    fresh.rename(path)


def run(build: Path, results: Results, only) -> None:
    with Stage(build) as stage:
        cases = _Cases(stage)
        wanted = [(name, test) for name, test in cases.cases() if only.search(name)]
        if wanted:
            results.run("token/the stage is up", cases.start)
        for name, test in wanted:
            results.run(name, test)


class _Cases:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._address = f"127.0.0.1:{relays.free_udp_port()}"
        self._library = libsrt.load()
        self._issuers: dict[str, Issuer] = {}
        self._keys = stage.work / "keys.json"

    def start(self) -> None:
        require_tools("openssl")
        self._issuers = {name: Issuer(name, self._stage.work) for name in ("HS256", "RS256", "ES256", "EdDSA")}
        write_keys(self._keys, list(self._issuers.values()))
        issuer = relays.Issuer("cms", "https://cms.example.net", "fanlight", str(self._keys))
        self._stage.start_relay(relays.Configuration(listen=[self._address], streams=[relays.Stream(STREAM)],
                                                     issuers=[issuer]))

    def cases(self) -> list[tuple]:
        good = [(f"token/{name} publishes and views, through {publisher} and {viewer}",
                 lambda name=name, publisher=publisher, viewer=viewer: self.through(name, publisher, viewer))
                for name, publisher, viewer in (("HS256", clients.FFMPEG, clients.SLT), ("ES256", clients.SLT, clients.FFMPEG),
                                                ("EdDSA", clients.SLT, clients.GSTREAMER))]
        return good + [("token/RS256 fits only just", self.rs256),
                       ("token/what is no good is told its code", self.refusals),
                       ("token/keys turn while the relay runs", self.rotation)]

    def through(self, algorithm: str, publisher: str, viewer: str) -> str:
        issuer = self._issuers[algorithm]
        target = clients.Target(self._address, STREAM)
        publishes = replace(target, token=issuer.token(claims(mode="publish")))
        views = replace(target, token=issuer.token(claims(mode="view", latency_ms=200, ip="127.0.0.0/8")))
        lengths = [len(publishes.stream_id("publish")), len(views.stream_id("request"))]
        claim(max(lengths) <= STREAM_ID_BYTES_MAX, f"stream IDs of {lengths} bytes")
        viewing = self._stage.view(viewer, views)
        self._stage.wait_for_sessions("viewer", 1)
        publishing = self._stage.publish(publisher, publishes, seconds=2)
        publishing.finish(30)
        result = judge(publishing, viewing)
        claim(wait_until(lambda: not self._stage.relay.sessions(), 8, 0.2), "the sessions did not end")
        claim(result.bit_exact and result.packets == result.published, f"{result}")
        return f"{result.packets} packets; stream IDs of {lengths[0]} and {lengths[1]} of {STREAM_ID_BYTES_MAX} bytes"

    def told(self, stream_id: str) -> int | None:
        if self._library is None:
            raise Skip("libsrt is not installed")
        reason, handle = libsrt.connect(self._library, self._address, stream_id)
        if reason is None:
            self._library.srt_close(handle)
        return reason

    def rs256(self) -> str:
        """A signature of 2,048 bits takes 342 of 512 bytes."""
        short = {"iss": "https://cms.example.net", "aud": "fanlight", "exp": int(time.time()) + 3600}
        whole = f"#!::r={STREAM},jwt={self._issuers['RS256'].token(claims(mode='view'))}"
        small = f"{STREAM}?jwt={self._issuers['RS256'].token(short)}"
        cut = whole[:STREAM_ID_BYTES_MAX]
        told = [self.told(small) if len(small) <= STREAM_ID_BYTES_MAX else "too long", self.told(cut)]
        claim(len(whole) > STREAM_ID_BYTES_MAX and told[1] in (2400, 2401), f"a cut token was told {told[1]}")
        return f"three claims: {len(small)} bytes, told {told[0]}; six: {len(whole)} bytes, cut to 512 and told {told[1]}"

    def refusals(self) -> str:
        issuer, stranger = self._issuers["ES256"], Issuer("ES256", self._stage.work)
        good = issuer.token(claims())
        header, _, signature = good.split(".")
        none = base64url(b'{"alg":"none"}') + "." + good.split(".")[1] + "."
        rows = [
            ("a good one", good, None),
            ("none", "", 2401),
            ("expired", issuer.token(claims(exp=int(time.time()) - 60)), 2401),
            ("not yet", issuer.token(claims(nbf=int(time.time()) + 60)), 2401),
            ("for others", issuer.token(claims(aud="shop")), 2401),
            ("of another issuer", issuer.token(claims(iss="https://club.example.net")), 2401),
            ("signed by a stranger", stranger.token(claims()), 2401),
            ("alg none", none, 2401),
            ("claims changed", f"{header}.{base64url(json.dumps(claims(sub='root')).encode())}.{signature}", 2401),
            ("for another stream", issuer.token(claims(stream="other/*")), 2403),
            ("for publishing", issuer.token(claims(mode="publish")), 2403),
            ("for another address", issuer.token(claims(ip="192.0.2.0/24")), 2403),
            ("malformed", good.rsplit(".", 1)[0], 2400),
            ("exp is a text", issuer.token(claims(exp="tomorrow")), 2400),
        ]
        told = [(what, self.told(f"#!::r={STREAM},jwt={token}"), wanted) for what, token, wanted in rows]
        wrong = [row for row in told if row[1] != row[2]]
        claim(not wrong, f"(what, told, wanted): {wrong}")
        tokens = [token for _, token, _ in rows if token]
        log = self._stage.relay.process.log_tail(200)
        claim(all(token[-20:] not in log for token in tokens), "a token stands in the relay's log")
        return f"{len(rows)} rows"

    def rotation(self) -> str:
        old, fresh = self._issuers["EdDSA"], Issuer("EdDSA", self._stage.work)

        def told_of(issuer: Issuer) -> int | None:
            return self.told(f"{STREAM}?jwt={issuer.token(claims())}")
        claim(told_of(old) is None and told_of(fresh) == 2401, "before")
        self._keys.with_suffix(".bad").write_text("{")
        self._keys.with_suffix(".bad").rename(self._keys)
        time.sleep(KEYS_ARE_LOOKED_AT + 1)
        claim(told_of(old) is None, "a broken file took the keys away")
        write_keys(self._keys, [fresh])
        start = time.monotonic()
        claim(wait_until(lambda: told_of(fresh) is None, KEYS_ARE_LOOKED_AT + 3, 0.1), "the new key was never taken")
        took = time.monotonic() - start
        claim(told_of(old) == 2401, "the old key is taken still")
        return f"a broken set changed nothing; a new one was in use after {took:.1f} s"
