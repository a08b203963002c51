"""The nouns of pooling: an entry that clients connect to, the PgBouncer that serves it, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Auth(StrEnum):
    """How PgBouncer learns the SCRAM verifier of a login that connects."""

    QUERY = "query"
    """It asks the server, through a function that shows it only logins of that database; needs a superuser once."""
    FILE = "file"
    """Freehold writes the verifiers into its file; for servers where nobody may read them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name that clients may connect to, and where it leads.

    ``alias`` is the database name that clients use. It is made of platform and service alone, so it stays the same
    wherever a move takes the service. ``size`` server connections for each login, ``reserve`` more after
    ``reserve_wait_s``, ``most`` for all logins together.
    """

    alias: str
    service: str
    instance: str
    host: str
    port: int
    database: str
    mode: str
    size: int
    reserve: int
    most: int
    max_clients: int
    sslmode: str = "prefer"


@dataclass(frozen=True, slots=True)
class Bouncer:
    """One PgBouncer: a port, the entries it serves, and how many processes share the port.

    ``name`` is the service's, or ``platform`` when one PgBouncer serves all. ``port`` None means: take a free one.
    """

    name: str
    port: int | None
    processes: int
    entries: tuple[Entry, ...]
    auth: Auth
    admin: str
    lookup: str
    wait_timeout_ms: int
    idle_timeout_ms: int
    reset: bool
    tls_key: str = ""
    tls_certificate: str = ""

    @property
    def max_clients(self) -> int:
        return sum(entry.max_clients for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Login:
    """A line of PgBouncer's own list of users: a SCRAM verifier, or (for the lookup login alone) a password."""

    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Running:
    """What one PgBouncer says of one entry, summed over its processes and logins. Times are of the present moment.

    ``longest_wait_ms`` is how long the first client in the queue has waited; ``paused`` stops new work.
    """

    alias: str
    clients_active: int
    clients_waiting: int
    servers_active: int
    servers_idle: int
    longest_wait_ms: float
    paused: bool
    host: str
    port: int
    database: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Counters of one entry since its PgBouncer started: transactions, their time on a server, and waiting for one."""

    alias: str
    transactions: int
    busy_us: int
    waited_us: int

    def since(self, before: Totals) -> Totals:
        """What was added after ``before``. A counter that went back is one of a process that was started anew."""
        if self.transactions < before.transactions:
            return self
        return Totals(
            self.alias,
            self.transactions - before.transactions,
            self.busy_us - before.busy_us,
            self.waited_us - before.waited_us,
        )


@dataclass(frozen=True, slots=True)
class Advice:
    """The pool size that measured use asks for, and the figures it follows from."""

    service: str
    declared: int
    advised: int
    busy: float
    mean_wait_ms: float
    transactions_per_s: float
    reason: str
