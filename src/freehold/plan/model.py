"""The nouns of a plan: the design that is wanted, the steps that lead there, and what a step asks of the world."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import ClassVar

from freehold.found.model import Found
from freehold.layouts.model import Placements
from freehold.plan.wanted_model import Wanted
from freehold.spec.model import Platform
from freehold.sqltext import Sql


class Action(StrEnum):
    """What a step does to its object."""

    CREATE = "create"
    ALTER = "alter"
    DROP = "drop"


class Phase(IntEnum):
    """When a step runs. Everything of one phase is finished on an instance before its next phase starts;
    INSIDE and AFTER are each one transaction per database, and LINKS where nothing in it forbids that."""

    SERVER = 10
    ROLES = 20
    DATABASES = 30
    INSIDE = 40
    MIGRATIONS = 50
    AFTER = 60
    UNLINKS = 62
    """What follows another database stops before what it fills is changed."""
    LINKS = 64
    """What reads across databases needs of both of its ends: both have their tables and rights by now."""
    SUBSCRIPTIONS = 66
    CLEANUP = 70


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement for the step's database (the maintenance database when the step names none)."""

    sql: Sql


@dataclass(frozen=True, slots=True)
class WriteHba:
    """Replace pg_hba.conf of an instance that Freehold owns, check it, and reload."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunMigration:
    """Run one SQL file of a service as its owner role with its search_path, and write the ledger row.

    Inside one transaction with the ledger row, unless ``transactional`` is False.
    """

    service: str
    owner: str
    search_path: tuple[str, ...]
    name: str
    sha256: str
    sql: Sql
    transactional: bool


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Run a service's own migration tool with DATABASE_URL of a short-lived login that acts as the owner role."""

    service: str
    owner: str
    search_path: tuple[str, ...]
    command: str
    directory: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Later(ABC):
    """Statements that follow from what earlier steps of the same plan leave, above all from the columns that migrations
    make: they are worked out when they are sent, from a snapshot of the databases that ``reads`` names.

    ``planned`` is what they are for what was found when the plan was made; it takes no part in equality.
    """

    reads: tuple[tuple[str, str], ...]
    planned: tuple[Sql, ...] = field(compare=False)

    @abstractmethod
    def statements(self, found: Found) -> tuple[Sql, ...]:
        """What to send, given a snapshot; () when nothing is left to do."""


Effect = Statement | WriteHba | RunMigration | RunCommand | Later


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One change to one object. A subclass is a noun with what it needs; it never touches the world.

    ``database`` None means the instance's maintenance database. ``lock`` is the strongest lock taken, in
    PostgreSQL's words; ``transactional`` False means the statements cannot run in a transaction block. ``rank``
    orders the kinds within a phase, lowest first.
    """

    kind: ClassVar[str]
    phase: ClassVar[Phase]
    lock: ClassVar[str]
    transactional: ClassVar[bool] = True
    rank: ClassVar[int] = 50

    instance: str
    name: str
    database: str | None = None
    service: str = ""
    action: Action = Action.CREATE
    destructive: bool = False

    @abstractmethod
    def say(self) -> str:
        """One sentence for a person: what changes, from what to what."""

    @abstractmethod
    def do(self) -> tuple[Effect, ...]:
        """The effects that make the change."""

    @abstractmethod
    def undo(self) -> tuple[Effect, ...]:
        """The effects that bring back exactly what was there before; () only when ``say`` says it cannot be undone."""

    @abstractmethod
    def done(self, found: Found) -> bool:
        """Whether ``found`` already shows the wanted state, so that a second run does nothing."""

    @property
    def key(self) -> str:
        """Stable identity of the step within a plan."""
        return "/".join((f"{self.phase:02d}", self.kind, self.instance, self.database or "", self.service, self.name))

    @property
    def takes_from(self) -> str:
        """The one role that loses something by this step, if that is what the step is for."""
        return ""

    @property
    def place(self) -> int:
        """Order among the services of one database, before ``rank``; 0 when services do not wait for each other."""
        return 0


@dataclass(frozen=True, slots=True)
class Machine:
    """What the instances share: memory and processors of the machine they run on."""

    memory_bytes: int
    cpus: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the server of an instance is reached by other servers. ``options`` are libpq's, as sslmode."""

    host: str
    port: int
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One SQL file of a service: its name orders it, ``sha256`` is of its bytes."""

    name: str
    sha256: str
    text: str
    transactional: bool


@dataclass(frozen=True, slots=True)
class Design:
    """Everything the plan is computed from besides what is found. Same design and same found: same plan.

    ``verifiers`` maps a role to the SCRAM verifier the secrets file holds for it; a role not in it gets a new
    password when the plan is applied. ``migrations`` maps a service to its SQL files in order; ``commands`` maps
    a service that migrates with its own tool to a digest of the tool's directory. ``endpoints`` are by instance, and
    ``digests`` hold SHA-256 of the stored passwords, by role: for what keeps a password to log in elsewhere.
    ``besides`` are (instance, database, login) that are let in though no placement asks for it: services on the move.
    """

    platform: Platform
    placements: Placements
    machine: Machine
    verifiers: Mapping[str, str] = field(default_factory=dict, repr=False)
    migrations: Mapping[str, tuple[MigrationFile, ...]] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    authoritative: bool = False
    worked_out: list[Wanted] = field(default_factory=list, init=False, repr=False, compare=False)
    """Filled by ``plan.wanted`` on its first use; follows from the rest and is no part of it."""
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict, repr=False)
    besides: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StepKind:
    """A member of the family ``plan/steps``: how to find the steps of one kind that the design wants.

    ``wants`` yields every step of the kind for the design, with what ``found`` holds now as its "before";
    the plan keeps those that are not done. ``drift`` yields the steps that would remove what nobody declared;
    they are shown always and planned only with ``authoritative``.
    """

    wants: Callable[[Design, Found], Iterable[Step]]
    drift: Callable[[Design, Found], Iterable[Step]] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps, undeclared things that were seen and left, and the fingerprint of the state they start from."""

    platform: str
    fingerprint: str
    steps: tuple[Step, ...]
    undeclared: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
