"""What the capabilities ask of the world, as protocols; the edges implement them, tests ship doubles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from freehold.found.model import Found
from freehold.plan.model import Endpoint
from freehold.sqltext import Sql

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """Where an instance listens, and as whom Freehold administers it. Print nothing of ``password``."""

    instance: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    maintenance_database: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def endpoint(self) -> Endpoint:
        """Where other servers reach it."""
        return Endpoint(self.host, self.port, tuple(sorted(self.options.items())))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one statement did: rows as text, or the server's error."""

    rows: tuple[tuple[str | None, ...], ...] = ()
    sqlstate: str = ""
    message: str = ""
    tag: str = ""

    @property
    def ok(self) -> bool:
        return self.sqlstate == ""


class Session(Protocol):
    """One database session. Every call raises ServerError (or a subclass) when the server refuses."""

    def query(self, sql: Sql, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return its rows; ``$1`` style placeholders are written ``%s``."""

    def execute(self, sql: Sql, resolve: Callable[[str], str] | None = None) -> None:
        """Run one or more statements without parameters; ``resolve`` supplies secrets."""

    def attempt(self, sql: Sql) -> Outcome:
        """Run text as a hostile client would; a refusal is an Outcome, a lost connection raises."""

    def copy_in(self, sql: Sql, blocks: Iterable[bytes]) -> int:
        """Send ``blocks`` to a ``COPY .. FROM STDIN`` as they are made; how many rows the server took.
        Raises RowRefused when the server objects to a row; what the iterable raises ends the COPY and comes out."""

    def copy_out(self, sql: Sql) -> Iterator[bytes]:
        """What a ``COPY .. TO STDOUT`` says, in blocks of whole rows, in the format the statement asks for; fit to be
        handed to ``copy_in`` of another session. The session can be used for nothing else until it is exhausted."""

    def stream(self, sql: Sql) -> AbstractContextManager[Iterator[list[Row]]]:
        """The rows of one statement in blocks as they arrive: whole numbers, text and bytea as int, str and bytes,
        everything else as its text.

        The statement is sent at once, and a refusal raised by the first step of the iterator. Nothing is kept: a
        consumer that stops reading stops the server. Leaving the block early cancels the statement; the session
        can be used again after it, and for nothing else within."""

    def transaction(self) -> AbstractContextManager[None]:
        """A transaction block; rolled back on an exception."""

    def notifications(self, timeout_ms: int) -> list[tuple[str, str]]:
        """(channel, payload) of notifications that arrive within the time."""

    def close(self) -> None:
        """Close the connection; safe to call twice."""


class Servers(Protocol):
    """Opens sessions on the platform's instances."""

    def addresses(self) -> Mapping[str, Address]:
        """Every instance of the platform by name."""

    def admin(self, instance: str, database: str | None = None) -> Session:
        """A session of Freehold's own login; ``database`` None is the maintenance database.
        lock_timeout and statement_timeout are set. Raises Unreachable, MissingRight."""

    def replication(self, instance: str, database: str) -> Session:
        """As ``admin``, and the commands of streaming replication are understood too. What CREATE_REPLICATION_SLOT
        waits for is ended by lock_timeout, not by statement_timeout."""

    def login(self, instance: str, database: str, user: str, password: str) -> Session:
        """A session as a client would open it. Raises ServerError with the server's sqlstate."""

    def probe(self, instance: str, database: str, user: str, password: str) -> Outcome:
        """Only try to connect, and say what the server answered; the cheapest way there is."""

    def read(self, instances: Sequence[str], databases: Mapping[str, Sequence[str]]) -> Found:
        """One snapshot of each instance, and of the contents of the named databases of each."""

    def write_hba(self, instance: str, lines: Sequence[str]) -> None:
        """Replace pg_hba.conf of an owned instance, verify that the server accepts every line, reload.
        The old file is put back when the server objects."""

    def read_hba(self, instance: str) -> tuple[str, ...]:
        """The lines of pg_hba.conf of an owned instance as they stand."""


class Secrets(Protocol):
    """Passwords and verifiers of roles; each is durable before it is handed out."""

    def password(self, role: str) -> str:
        """The role's password; generated and stored on first use."""

    def verifier(self, role: str) -> str:
        """The SCRAM-SHA-256 verifier of the role's password."""

    def known(self) -> Mapping[str, str]:
        """Role to verifier, for every role that has a stored password."""

    def ephemeral(self, minutes: int) -> tuple[str, str]:
        """A password that is stored nowhere, and its verifier."""


class Clock(Protocol):
    """Time, given so that decisions can be tested."""

    def now_iso(self) -> str:
        """Now in UTC, ISO 8601 with seconds."""

    def monotonic_ms(self) -> float:
        """Milliseconds of a clock that never goes back."""

    def sleep_ms(self, ms: float) -> None:
        """Wait."""


class Commands(Protocol):
    """Runs a service's own tool."""

    def run(self, command: str, directory: str, environment: Mapping[str, str]) -> tuple[int, str]:
        """Exit status and the last 64 kB of output. Secrets go in the environment, never in the command."""


class Progress(Protocol):
    """Tells a person what happens while it happens."""

    def event(self, what: str, done: int, total: int) -> None:
        """``what`` just finished; ``done`` of ``total`` are finished."""


@dataclass(frozen=True, slots=True)
class DumpEntry:
    """One line of an archive's table of contents. ``catalog`` and ``oid`` name the object in the dumped database (0
    where it is part of another); ``text`` is the kind, schema, name and owner as pg_restore lists them, not quoted.

    ``late`` is True for what belongs after the rows (pg_dump's post-data section)."""

    number: int
    catalog: int
    oid: int
    text: str
    late: bool


class Dumps(Protocol):
    """What pg_dump and pg_restore know about the structure of a database."""

    def archive(self, instance: str, database: str, schemas: Sequence[str]) -> bytes:
        """The definitions in these schemas, without rows, as an archive. Takes ACCESS SHARE on every table.
        Raises ServerError with what pg_dump said, LocalStateError when no program is new enough."""

    def entries(self, archive: bytes) -> tuple[DumpEntry, ...]:
        """What the archive holds, in the order in which it can be made."""

    def text(self, archive: bytes, numbers: Sequence[int]) -> str:
        """The SQL of the entries with these numbers, in this order, without owners, each under a comment that names
        it (``move/structure.py`` takes it apart). Privileges are never in it."""


class Archiver(Protocol):
    """Saves schemas with their rows by pg_dump, and brings them into another database by pg_restore."""

    def save(self, instance: str, database: str, schemas: Sequence[str], snapshot: str, path: str) -> str:
        """Write what ``snapshot`` shows of the schemas, owners and privileges included, into the file at ``path``,
        which exists; which program it was. Raises ServerError with what pg_dump said, LocalStateError when no program
        is new enough or there is no room."""

    def load(self, instance: str, database: str, path: str) -> tuple[str, ...]:
        """Bring everything in the archive into a database, without owners and privileges; what could not be made
        there because it needs something that is not in the archive. Raises ServerError when anything else fails."""


class Backups(Protocol):
    """The archives of this machine, which nobody else may read, each with a document beside it."""

    def begin(self, name: str) -> str:
        """The path of an empty file for an archive that is under way; what an earlier run left of it is gone."""

    def finish(self, name: str) -> tuple[int, str]:
        """The archive is whole and on the disk; its bytes and their sha256."""

    def measure(self, name: str) -> tuple[int, str]:
        """Bytes and sha256 of an archive, read from the disk. Raises LocalStateError when there is none."""

    def path(self, name: str) -> str:
        """Where a finished archive lies."""

    def note(self, name: str, document: Mapping[str, object]) -> None:
        """Replace the document of an archive."""

    def noted(self, name: str) -> Mapping[str, object]:
        """The document of an archive. Raises LocalStateError when there is none."""
