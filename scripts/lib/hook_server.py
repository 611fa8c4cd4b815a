"""A webhook to try the relay with: it answers well, refuses, hangs, lies, or dies, as it is told. http or https."""
from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path


class HookServer:
    """A context. `answer` is called with each question and says what goes back: an object, raw bytes, or None for
    silence. It may be replaced at any time."""

    def __init__(self, answer=None, *, port: int = 0, tls: tuple[Path, Path] | None = None, accepts: bool = True) -> None:
        self.answer = answer or (lambda _question: {"allow": True})
        self.questions: list[dict] = []
        self.heads: list[str] = []
        self.connections = 0
        self.open_now = self.open_most = 0
        self.closes = False  # Each connection after its response, without a word about it.
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._peers: set[socket.socket] = set()
        self._context = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*tls)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(256)
        self._accepts = accepts

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def __enter__(self) -> "HookServer":
        if self._accepts:
            threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exception) -> None:
        self._is_over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()

    def drop_connections(self) -> None:
        with self._lock:
            for peer in self._peers:
                try:
                    peer.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self) -> None:
        while not self._is_over.is_set():
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with self._lock:
            self.connections += 1
            self.open_now += 1
            self.open_most = max(self.open_most, self.open_now)
            self._peers.add(peer)
        talk = peer
        try:
            if self._context:
                talk = self._context.wrap_socket(peer, server_side=True)
            while self._exchange(talk):
                pass
        except (OSError, ValueError):
            pass
        with self._lock:
            self.open_now -= 1
            self._peers.discard(peer)
        talk.close()
        peer.close()

    def _exchange(self, talk: socket.socket) -> bool:
        heard = b""
        while b"\r\n\r\n" not in heard:
            more = talk.recv(65536)
            if not more:
                return False
            heard += more
        head, body = heard.split(b"\r\n\r\n", 1)
        size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        while len(body) < size:
            more = talk.recv(65536)
            if not more:
                return False
            body += more
        question = json.loads(body)
        with self._lock:
            self.heads.append(head.decode())
            self.questions.append(question)
        said = self.answer(question)
        if said is None:
            talk.settimeout(10)
            talk.recv(1)  # Until the relay gives up.
            return False
        talk.sendall(said if isinstance(said, bytes) else http(200, json.dumps(said)))
        if said.__class__ is bytes and said.endswith(HALF):
            self._is_over.wait(10)
        return not self.closes


HALF = b'{"allow": tr'  # After which nothing comes.


def http(status: int, body: str, *, length: int | None = None) -> bytes:
    size = len(body.encode()) if length is None else length
    return f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n{body}".encode()


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, directory: Path, name: str = "ca") -> None:
        self._directory = directory
        self.certificate, self._key = directory / f"{name}.pem", directory / f"{name}.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                      "-subj", f"/CN=fanlight test {name}", "-keyout", str(self._key), "-out", str(self.certificate))

    def certify(self, name: str, alternative: str) -> tuple[Path, Path]:
        """Certificate and key for a server; `alternative` is like "DNS:localhost" or "IP:127.0.0.1"."""
        stem = self._directory / name
        key, request, certificate = stem.with_suffix(".key"), stem.with_suffix(".csr"), stem.with_suffix(".pem")
        extension = stem.with_suffix(".ext")
        extension.write_text(f"subjectAltName={alternative}\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", str(key), "-out", str(request))
        self._openssl("x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self._key),
                      "-CAcreateserial", "-days", "2", "-extfile", str(extension), "-out", str(certificate))
        return certificate, key

    @staticmethod
    def _openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=20)


def wait_for(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
