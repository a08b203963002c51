"""The platform's instances as sessions, probes and snapshots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType

from freehold.errors import LocalStateError, ServerError, TooOld, Unreachable
from freehold.found.locks import LOCK_TIMEOUT_MS
from freehold.found.model import Found
from freehold.pg import hbafile, snapshot
from freehold.pg.address import address_from_url
from freehold.pg.hbafile import OwnedFiles
from freehold.pg.session import (
    CONNECT_TIMEOUT_S,
    STATEMENT_TIMEOUT_MS,
    PgSession,
    connect,
    startup_options,
)
from freehold.pg.wire import SaltedPasswords, Unsupported, knock
from freehold.ports import Address, Outcome

__all__ = ["OwnedFiles", "PgServers", "address_from_url"]

OLDEST = 150000


@dataclass(frozen=True)
class PgServers:
    """``ports.Servers`` over libpq. Holds no connection: every session belongs to its caller; safe between threads.

    ``connect_timeout_s`` is how long to wait for a host that does not answer at all, at most; libpq takes 2 s for less.
    """

    places: Mapping[str, Address]
    hba_files: Mapping[str, OwnedFiles] = field(default_factory=dict)
    lock_timeout_ms: int = LOCK_TIMEOUT_MS
    statement_timeout_ms: int = STATEMENT_TIMEOUT_MS
    connect_timeout_s: int = CONNECT_TIMEOUT_S
    _salts: SaltedPasswords = field(default_factory=SaltedPasswords, repr=False)

    def addresses(self) -> Mapping[str, Address]:
        """Every instance by name."""
        return MappingProxyType(dict(self.places))

    def admin(self, instance: str, database: str | None = None) -> PgSession:
        """A session of Freehold's own login. Raises Unreachable, MissingRight, TooOld."""
        place = self._place(instance)
        options = startup_options(self.lock_timeout_ms, self.statement_timeout_ms)
        return self._supported(
            instance,
            self._open(place, database or place.maintenance_database, place.user, place.password, {"options": options}),
        )

    def replication(self, instance: str, database: str) -> PgSession:
        """As ``admin``, on a connection that understands the commands of streaming replication."""
        place = self._place(instance)
        options = startup_options(self.lock_timeout_ms, self.statement_timeout_ms)
        more = {"options": options, "replication": "database"}
        return self._supported(instance, self._open(place, database, place.user, place.password, more))

    def login(self, instance: str, database: str, user: str, password: str) -> PgSession:
        """A session as a client would open it, with none of Freehold's settings."""
        return self._open(self._place(instance), database, user, password, {})

    def probe(self, instance: str, database: str, user: str, password: str) -> Outcome:
        """Only try to connect. A server that does not answer is an Outcome with sqlstate 08001."""
        place = self._place(instance)
        if _plain(place):
            try:
                return knock(place.host, place.port, database, user, password, self._salts, self.connect_timeout_s)
            except Unsupported:
                pass
            except OSError as error:
                return Outcome(sqlstate="08001", message=f"no server answers: {error.strerror or error}")
        try:
            self._open(place, database, user, password, {}).close()
        except ServerError as error:
            return Outcome(sqlstate=error.sqlstate or "08001", message=error.message)
        return Outcome(tag="CONNECT")

    def read(self, instances: Sequence[str], databases: Mapping[str, Sequence[str]]) -> Found:
        """One snapshot of each instance and of the contents of the named databases; all at the same time."""
        return snapshot.read(self._reader, instances, databases)

    def write_hba(self, instance: str, lines: Sequence[str]) -> None:
        """Replace pg_hba.conf, reload and verify; the old file is put back when the server objects."""
        session = self.admin(instance)
        try:
            hbafile.write(self._files(instance), lines, session, lambda: self.admin(instance))
        finally:
            session.close()

    def read_hba(self, instance: str) -> tuple[str, ...]:
        """The lines of pg_hba.conf as they stand."""
        return hbafile.read(self._files(instance))

    def _reader(self, instance: str, database: str | None) -> PgSession:
        place = self._place(instance)
        return self._supported(
            instance,
            self._open(
                place,
                database or place.maintenance_database,
                place.user,
                place.password,
                {"options": "-c search_path=pg_catalog,pg_temp"},
            ),
        )

    def _place(self, instance: str) -> Address:
        place = self.places.get(instance)
        if place is None:
            raise Unreachable(
                f'instance "{instance}" has no address',
                hint="Start it with `freehold up`, or give its server a URL.",
                sqlstate="08001",
            )
        return place

    def _files(self, instance: str) -> OwnedFiles:
        files = self.hba_files.get(instance)
        if files is None:
            raise LocalStateError(
                f'pg_hba.conf of instance "{instance}" is not ours to write',
                hint="Freehold writes it only for embedded instances; change it where the server is administered.",
            )
        return files

    def _open(self, place: Address, database: str, user: str, password: str, more: Mapping[str, str]) -> PgSession:
        parameters: dict[str, str | int] = {
            **place.options,
            **more,
            "host": place.host,
            "port": place.port,
            "dbname": database,
            "user": user,
            "password": password,
        }
        if self.connect_timeout_s < CONNECT_TIMEOUT_S:  # else the URL may have a word of its own
            parameters["connect_timeout"] = self.connect_timeout_s
        keys = self._keys(place, database, user, password) if _plain(place) else None
        if keys is not None:
            try:
                return connect({**parameters, "scram_client_key": keys[0], "scram_server_key": keys[1]})
            except ServerError as error:
                if error.sqlstate != "28P01":
                    raise
        try:
            return connect(parameters)
        except ServerError as error:
            raise self._exactly(place, database, user, password, error) from None

    def _keys(self, place: Address, database: str, user: str, password: str) -> tuple[str, str] | None:
        """SCRAM keys for libpq, which otherwise derives them anew each time (over 1 ms of CPU).

        They need the server's salt; a login that connects a second time is worth the knock that tells it."""
        spot = f"{place.host}:{place.port}/{user}"
        keys = self._salts.keys(spot, password)
        if keys is None and self._salts.seen(spot):
            with suppress(Unsupported, OSError):
                knock(place.host, place.port, database, user, password, self._salts, self.connect_timeout_s)
            keys = self._salts.keys(spot, password)
        return keys

    def _exactly(self, place: Address, database: str, user: str, password: str, error: ServerError) -> ServerError:
        """libpq says why it failed in words only; the server's sqlstate is read over a plain socket where possible."""
        if not _plain(place) or isinstance(error, Unreachable):
            return error
        try:
            outcome = knock(place.host, place.port, database, user, password, self._salts, self.connect_timeout_s)
        except (Unsupported, OSError):
            return error
        if not outcome.ok:
            error.sqlstate = outcome.sqlstate
        return error

    def _supported(self, instance: str, session: PgSession) -> PgSession:
        version = session.version
        if version < OLDEST:
            session.close()
            raise TooOld(
                f'instance "{instance}" runs PostgreSQL {version // 10000}',
                hint="Freehold needs PostgreSQL 15 or newer; upgrade the server.",
            )
        return session


def _plain(place: Address) -> bool:
    """Whether a plain TCP socket does what libpq would: no TLS can be negotiated or demanded, no unix socket.

    On the loopback address a server may offer TLS, yet nothing is gained by it."""
    mode = place.options.get("sslmode", "prefer")
    loopback = place.host in ("127.0.0.1", "::1", "localhost")
    return (mode == "disable" or (mode in ("prefer", "allow") and loopback)) and not place.host.startswith("/")
