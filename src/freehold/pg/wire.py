"""The first moments of a PostgreSQL connection over a plain socket: the cheapest way to learn who may connect where.

libpq derives the SCRAM key from the password on every connection (4096 rounds of HMAC); a proof connects thousands
of times with a few passwords. Here the salted password is kept for as long as the server's salt stays the same, a
refusal by pg_hba.conf costs one packet each way, and the server's sqlstate is read instead of libpq's translated text.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import struct
import threading
from dataclasses import dataclass, field

from freehold.ports import Outcome

_PROTOCOL_3 = 196608


@dataclass(slots=True)
class SaltedPasswords:
    """SCRAM salted passwords by (password, salt, rounds), shared between threads. Never printed."""

    _known: dict[tuple[str, bytes, int], bytes] = field(default_factory=dict, repr=False)
    _last: dict[tuple[str, str], bytes] = field(default_factory=dict, repr=False)
    _places: set[str] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def salted(self, password: str, salt: bytes, rounds: int) -> bytes:
        """The salted password; derived once."""
        key = (password, salt, rounds)
        known = self._known.get(key)
        if known is None:
            known = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
            with self._lock:
                self._known[key] = known
        return known

    def remember(self, place: str, password: str, salted: bytes) -> None:
        """The server ``place`` (host, port and user) took ``password`` with this salt."""
        with self._lock:
            self._last[(place, password)] = salted

    def seen(self, place: str) -> bool:
        """Whether this was asked before for ``place``."""
        with self._lock:
            before = place in self._places
            self._places.add(place)
        return before

    def keys(self, place: str, password: str) -> tuple[str, str] | None:
        """libpq's scram_client_key and scram_server_key, when the salt of that place is known."""
        salted = self._last.get((place, password))
        if salted is None:
            return None
        client = hmac.digest(salted, b"Client Key", "sha256")
        server = hmac.digest(salted, b"Server Key", "sha256")
        return base64.b64encode(client).decode(), base64.b64encode(server).decode()


class Unsupported(Exception):
    """The server asks for something only libpq can do (TLS, GSSAPI, a certificate)."""


def knock(
    host: str, port: int, database: str, user: str, password: str, salts: SaltedPasswords, timeout_s: float = 10
) -> Outcome:
    """Connect, authenticate, and hang up. An Outcome that is ok means the server opened the session.

    Raises OSError when nothing answers and Unsupported when libpq has to do it.
    """
    if any("\0" in text for text in (database, user, password)):
        raise Unsupported("a name or password with a NUL")
    place = f"{host}:{port}/{user}"
    with socket.create_connection((host, port), timeout=timeout_s) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        words = ("user", user, "database", database, "application_name", "freehold", "client_encoding", "UTF8")
        body = struct.pack("!I", _PROTOCOL_3) + b"".join(w.encode() + b"\0" for w in words) + b"\0"
        plain.sendall(struct.pack("!I", len(body) + 4) + body)
        outcome = _converse(_Reader(plain), plain, user, password, salts, place)
        if outcome.ok:
            plain.sendall(b"X\0\0\0\4")
        return outcome


class _Reader:
    def __init__(self, plain: socket.socket) -> None:
        self._plain = plain
        self._held = b""

    def message(self) -> tuple[bytes, bytes]:
        """The next message: its type and body. Raises OSError when the server hangs up."""
        head = self._take(5)
        return head[:1], self._take(struct.unpack("!I", head[1:])[0] - 4)

    def _take(self, count: int) -> bytes:
        while len(self._held) < count:
            got = self._plain.recv(8192)
            if not got:
                raise ConnectionResetError("the server closed the connection")
            self._held += got
        taken, self._held = self._held[:count], self._held[count:]
        return taken


def _converse(
    reader: _Reader, plain: socket.socket, user: str, password: str, salts: SaltedPasswords, place: str
) -> Outcome:
    scram: _Scram | None = None
    accepted = False
    while True:
        kind, body = reader.message()
        if kind == b"E":
            return _refused(body)
        if kind == b"Z" or (kind in b"KS" and accepted):
            # parameters come only after InitPostgres has let us into the database: no need to read to the end
            return Outcome(tag="CONNECT")
        if kind in b"NSKv":
            continue
        if kind != b"R":
            raise Unsupported(f"message {kind!r} before the session began")
        (request,) = struct.unpack("!I", body[:4])
        if request == 0:
            accepted = True
        elif request == 10:
            if b"SCRAM-SHA-256" not in body[4:].split(b"\0"):
                raise Unsupported("no SCRAM-SHA-256")
            scram = _Scram(password, salts)
            first = scram.first()
            _send(plain, b"SCRAM-SHA-256\0" + struct.pack("!I", len(first)) + first)
        elif request == 11 and scram is not None:
            _send(plain, scram.final(body[4:]))
        elif request == 12 and scram is not None:
            if not scram.proves(body[4:]):
                return Outcome(sqlstate="28000", message="the server does not know the password it asked for")
            salts.remember(place, password, scram.salted)
        elif request == 3:
            _send(plain, password.encode() + b"\0")
        elif request == 5:
            inner = hashlib.md5(password.encode() + user.encode(), usedforsecurity=False).hexdigest()
            outer = hashlib.md5(inner.encode() + body[4:8], usedforsecurity=False).hexdigest()
            _send(plain, b"md5" + outer.encode() + b"\0")
        else:
            raise Unsupported(f"authentication request {request}")


def _send(plain: socket.socket, body: bytes) -> None:
    plain.sendall(b"p" + struct.pack("!I", len(body) + 4) + body)


def _refused(body: bytes) -> Outcome:
    fields = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    return Outcome(sqlstate=fields.get(b"C", "08006"), message=fields.get(b"M", "the server refused"))


class _Scram:
    """The client's half of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding."""

    def __init__(self, password: str, salts: SaltedPasswords) -> None:
        self._password = password
        self._salts = salts
        self._nonce = secrets.token_urlsafe(18)
        self._bare = f"n=,r={self._nonce}"
        self._server_signature = b""
        self.salted = b""

    def first(self) -> bytes:
        return f"n,,{self._bare}".encode()

    def final(self, body: bytes) -> bytes:
        said = body.decode()
        fields = dict(part.split("=", 1) for part in said.split(","))
        if not fields["r"].startswith(self._nonce):
            raise Unsupported("the server changed the nonce")
        self.salted = self._salts.salted(self._password, base64.b64decode(fields["s"]), int(fields["i"]))
        without_proof = f"c=biws,r={fields['r']}"
        whole = f"{self._bare},{said},{without_proof}".encode()
        client_key = hmac.digest(self.salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), whole, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        server_key = hmac.digest(self.salted, b"Server Key", "sha256")
        self._server_signature = hmac.digest(server_key, whole, "sha256")
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def proves(self, body: bytes) -> bool:
        return hmac.compare_digest(body, b"v=" + base64.b64encode(self._server_signature))
