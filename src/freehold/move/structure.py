"""Which definitions of an archive are made before the rows come, which after, and which not from it at all.

What pg_dump writes is taken as it is, entry by entry, but for what names roles (owners, privileges, policies), what
points out of the service (foreign keys), and what Freehold's own plan has made already (schemas, extensions).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from freehold.errors import FreeholdError
from freehold.move.names import DENY

EARLY = frozenset(
    {
        "AGGREGATE",
        "COLLATION",
        "CONVERSION",
        "DEFAULT",
        "DOMAIN",
        "FUNCTION",
        "MATERIALIZED VIEW",
        "OPERATOR",
        "OPERATOR CLASS",
        "OPERATOR FAMILY",
        "PROCEDURE",
        "SEQUENCE",
        "SEQUENCE OWNED BY",
        "SHELL TYPE",
        "TABLE",
        "TABLE ATTACH",
        "TEXT SEARCH CONFIGURATION",
        "TEXT SEARCH DICTIONARY",
        "TEXT SEARCH PARSER",
        "TEXT SEARCH TEMPLATE",
        "TYPE",
        "VIEW",
    }
)
"""Kinds that are made before the rows, unless the archive says that they need something of what comes after."""

KEYED = frozenset({"CONSTRAINT", "CHECK CONSTRAINT"})
INDEXES = frozenset({"INDEX"})
LATE = frozenset({"INDEX ATTACH", "TRIGGER", "RULE", "STATISTICS", "ROW SECURITY"})
RIDING = frozenset({"COMMENT", "SECURITY LABEL"})
"""What belongs to another entry and comes with it."""

ELSEWHERE = frozenset(
    {"ACL", "DEFAULT ACL", "EXTENSION", "FK CONSTRAINT", "POLICY", "SCHEMA", "STATISTICS DATA"}
    | {"ENCODING", "STDSTRINGS", "SEARCHPATH", "DATABASE", "DATABASE PROPERTIES"}
    | {"PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA", "SUBSCRIPTION", "SUBSCRIPTION TABLE"}
)
"""Kinds that are made another way, or that belong to the database and stay behind; preflight names the latter."""

REFUSED = frozenset({"FOREIGN TABLE", "EVENT TRIGGER"})

_KINDS = tuple(
    sorted(EARLY | KEYED | INDEXES | LATE | RIDING | ELSEWHERE | REFUSED, key=lambda kind: (-len(kind), kind))
)
_COMMENTS_ELSEWHERE = tuple(f"COMMENT ON {kind} " for kind in ("SCHEMA", "POLICY", "CONSTRAINT", "EXTENSION"))
"""Comments on what is not made from the archive; those on constraints may be on a foreign key."""
_STORED = frozenset({"TABLE", "MATERIALIZED VIEW", "INDEX", "CONSTRAINT"})
"""Kinds that heed the tablespace and the access method that are set."""
_HEADER_END = "\n--\n\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of an archive. ``catalog`` and ``oid`` name its object on the source, 0 where it is part of another;
    ``about`` is the rest of its line, for messages."""

    number: int
    catalog: int
    oid: int
    kind: str
    about: str
    late: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """The entries in the order of the archive: before the rows, and after them those that take time (``keyed``,
    ``indexes``), the definitions that need a key (``postponed``), and the rest."""

    before: tuple[Entry, ...]
    keyed: tuple[Entry, ...]
    postponed: tuple[Entry, ...]
    indexes: tuple[Entry, ...]
    rest: tuple[Entry, ...]

    @property
    def after(self) -> tuple[Entry, ...]:
        return (*self.keyed, *self.postponed, *self.indexes, *self.rest)


def entry(number: int, catalog: int, oid: int, text: str, late: bool) -> Entry:
    """The entry that a line of the listing stands for. Raises FreeholdError for a kind nobody has thought of."""
    for kind in _KINDS:
        if text.startswith(kind + " "):
            return Entry(number, catalog, oid, kind, text.removeprefix(kind + " "), late)
    raise FreeholdError(
        f'cannot move what pg_dump calls "{text[:100]}"',
        hint="Nothing was changed. Drop it before the move and make it again after, and please report it.",
    )


def choose(entries: Sequence[Entry]) -> Chosen:
    """Sort the entries out. Raises FreeholdError for what cannot be moved; preflight names it first."""
    for one in entries:
        if one.kind in REFUSED:
            raise FreeholdError(f"cannot move the {one.kind.lower()} {one.about}", hint="Drop it before the move.")
    mine = [one for one in entries if one.kind not in ELSEWHERE]
    late = [one for one in mine if one.late]
    return Chosen(
        before=tuple(one for one in mine if not one.late),
        keyed=tuple(one for one in late if one.kind in KEYED),
        postponed=tuple(one for one in late if one.kind in EARLY or one.kind == "RULE"),
        indexes=tuple(one for one in late if one.kind in INDEXES),
        rest=tuple(one for one in late if one.kind in RIDING or (one.kind in LATE and one.kind != "RULE")),
    )


def taken(one: Entry, statement: str) -> bool:
    """Whether the entry is made at all: not a comment on what is made another way, nor a trigger of the move itself."""
    if one.kind == "COMMENT":
        return not statement.startswith(_COMMENTS_ELSEWHERE)
    return one.kind != "TRIGGER" or not statement.startswith(f"CREATE TRIGGER {DENY} ")


def split(text: str, entries: Sequence[Entry]) -> tuple[str, Mapping[int, str]] | None:
    """What the text says before its first entry, and the SQL of each entry by number.

    None when the text cannot be taken apart without doubt, since a literal in it holds a line that announces an entry;
    the text of a single entry always can.
    """
    marks: dict[tuple[int, int, int], list[int]] = {}
    for match in _MARK.finditer(text):
        marks.setdefault((int(match[1]), int(match[2]), int(match[3])), []).append(match.start())
    places = [marks.get((one.number, one.catalog, one.oid), []) for one in entries]
    if any(not found or (len(found) > 1 and len(entries) > 1) for found in places):
        return None
    cuts = [found[0] for found in places]
    if not cuts or cuts != sorted(cuts):
        return None if cuts else (text, {})
    head, standing = _tail(text[: cuts[0]])
    found: dict[int, str] = {}
    for one, begin, end in zip(entries, cuts, [*cuts[1:], len(text)], strict=True):
        # what is set for the next entry stands at the end of this one, and stays set until it is set anew
        body, setting = _tail(text[begin:end])
        # no name in the header holds a line break: pg_restore writes a space for it
        found[one.number] = (standing if one.kind in _STORED else "") + body.partition(_HEADER_END)[2].lstrip("\n")
        standing = setting if setting else standing
    return head, found


_MARK = re.compile(r"--\n-- TOC entry (\d+) \(class (\d+) OID (\d+)\)\n")
_SETTING = r'SET default_(?:tablespace|table_access_method) = (?:"(?:[^"]|"")*"|[^\n"]*);\n+'
_TAIL = re.compile(rf"(?:(?<=\n)|\A)((?:{_SETTING})+)\Z")


def _tail(text: str) -> tuple[str, str]:
    match = _TAIL.search(text)
    return (text[: match.start()], match[1]) if match else (text, "")


def placing(statement: str) -> str:
    """What a statement of ``split`` begins with: where things are stored that it makes."""
    found = re.match(rf"(?:{_SETTING})*", statement)
    return found[0] if found else ""


def cleaned(text: str, version: int) -> str:
    """The text as a server of this version (server_version_num) takes it from a session instead of from psql."""
    begin = re.search(r"^\\restrict (\w+)\n", text, re.MULTILINE)
    # psql's own commands: the first line of this form stands before anything that somebody wrote, the last after it
    if begin and "\n--\n-- TOC entry" not in text[: begin.start()]:
        text = text[: begin.start()] + text[begin.end() :]
        before, found, rest = text.rpartition(f"\n\\unrestrict {begin[1]}\n")
        text = before + "\n" + rest if found else text
    head, found, rest = text.partition("SELECT pg_catalog.set_config('search_path', '', false);\n")
    if version < 170000 and found:
        head = head.replace("SET transaction_timeout = 0;\n", "", 1)
    return head + found + rest
