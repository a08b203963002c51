"""The nouns of an audit of references: the two ends of each, what the servers say of them, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from freehold.finding import Finding
from freehold.spec.model import TableName

Key = tuple[int | str | bytes, ...]
"""One key as it is compared: whole numbers and bytes as such, everything else as text. Texts are ordered by code point,
which is the order of the bytes of their UTF-8."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a reference: the columns of a table of a service, and where its database is."""

    service: str
    instance: str
    database: str
    table: TableName
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One declared reference: ``child`` refers to ``parent``. ``file``, ``line`` and ``text`` are its declaration."""

    child: End
    parent: End
    file: str = ""
    line: int = 0
    text: str = ""

    @property
    def together(self) -> bool:
        """Whether both ends are in one database, where the server itself can compare them."""
        return (self.child.instance, self.child.database) == (self.parent.instance, self.parent.database)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a key. ``type`` is the name of the type under all domains, in ``schema``; ``shown`` is as declared.

    ``origin`` says where the type comes from: "pg_catalog", the name of an extension, "enum", or "" for the rest.
    ``collation`` is empty for types that have none; ``deterministic`` is False where equal texts may have other bytes;
    ``bytewise`` is True where its own collation orders texts by their bytes.
    """

    name: str
    shown: str
    type: str
    schema: str
    origin: str
    nullable: bool = True
    collation: tuple[str, str] | None = None
    deterministic: bool = True
    bytewise: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table as its server describes it. ``kind`` is PostgreSQL's word; ``columns`` has those of the key that exist.

    ``unique`` are the column sets of its plain unique indexes; ``acting_as`` is the role to read as, empty for
    Freehold's own ``login``; ``readable`` is False when neither may.
    """

    kind: str
    rows: int
    encoding: str
    columns: tuple[Column, ...]
    unique: tuple[frozenset[str], ...] = ()
    readable: bool = True
    acting_as: str = ""
    login: str = ""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A foreign key that says what a reference declares. ``fires`` is False when its triggers are disabled."""

    name: str
    validated: bool
    enforced: bool
    fires: bool

    @property
    def holds(self) -> bool:
        return self.validated and self.enforced and self.fires


class State(StrEnum):
    """How the check of one reference ended. WRONG: what is declared cannot be true on these servers. NOT_CHECKED: a
    server, a right or time was lacking, so nothing is known."""

    CLEAN = "clean"
    ORPHANS = "orphans"
    WRONG = "wrong"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a reference was not checked: ``code`` of the finding, and what to say and do. ``unknown`` when another try
    could know more."""

    code: str
    title: str
    detail: str
    remedy: str = ""
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Orphan:
    """A key that rows of the child have and no row of the parent; as PostgreSQL writes its columns."""

    key: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of one reference showed.

    ``keys`` are different keys of the child and ``parent_rows`` rows of the parent that were read to compare them
    (both None when the server compared). ``dismissed`` are keys that lacked a parent at first and not at the second
    look; ``unsettled`` are those whose rows changed at every look.
    """

    link: Link
    trouble: Trouble | None = None
    child: Table | None = None
    parent: Table | None = None
    constraint: Constraint | None = None
    keys: int | None = None
    parent_rows: int | None = None
    orphans: int = 0
    orphan_rows: int = 0
    first: tuple[Orphan, ...] = ()
    dismissed: int = 0
    unsettled: int = 0
    duration_ms: float = 0.0

    @property
    def state(self) -> State:
        if self.trouble is not None:
            return State.NOT_CHECKED if self.trouble.unknown else State.WRONG
        return State.ORPHANS if self.orphans else State.CLEAN


@dataclass(frozen=True, slots=True)
class Report:
    """All references of a platform in order, and what is to be said about them."""

    platform: str
    layout: str
    references: tuple[Checked, ...]
    findings: tuple[Finding, ...] = ()
    ignored: tuple[Finding, ...] = ()
    duration_ms: float = 0.0

    @property
    def orphans(self) -> int:
        """Orphaned keys of all references, ignored ones too."""
        return sum(one.orphans for one in self.references)

    def count(self, state: State) -> int:
        """How many references ended so."""
        return sum(one.state is state for one in self.references)
