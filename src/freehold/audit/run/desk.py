"""Opens sessions that only read, and asks the catalogs about tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from freehold.audit import catalog, questions
from freehold.audit.model import Constraint, End, Link, Table, Trouble
from freehold.errors import ServerError, Unreachable
from freehold.ports import Servers, Session
from freehold.sqltext import ident, join, keyword, sql

_VERSION = keyword("SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4")

_UNREACHABLE_TITLE = "a server cannot be reached, so the reference was not checked"


OPEN_MAX = 4
"""Sessions on catalogs at a time; as many read the rows of one reference."""


@dataclass
class Desk:
    """Sessions by database, the last few kept while catalogs are read; and the settings of those that read rows."""

    servers: Servers
    timeout_ms: int = 0
    _open: dict[tuple[str, str], Session] = field(default_factory=dict)
    _failed: dict[tuple[str, str], ServerError] = field(default_factory=dict)

    def reading(self, end: End, table: Table) -> Session:
        """A new session on an end's database that can change nothing; it belongs to the caller."""
        session = self.servers.admin(end.instance, end.database)
        try:
            session.execute(join("; ", questions.settings(int(str(session.query(_VERSION)[0][0])), self.timeout_ms)))
            session.attempt(questions.NOTICE_A_DEAD_CLIENT)
            if table.acting_as:
                session.execute(sql("SET ROLE {}", ident(table.acting_as)))
        except BaseException:
            session.close()
            raise
        return session

    def table(self, end: End) -> Table | None:
        """The table of an end; None when there is none of that name."""
        session = self._session(end)
        found = session.query(catalog.table(end))
        if not found:
            return None
        oid = int(str(found[0][-1]))
        columns, unique = session.query(catalog.columns(oid)), session.query(catalog.unique(oid))
        return catalog.read_table(found[0], columns, unique, end.columns)

    def constraint(self, link: Link) -> Constraint | None:
        """The foreign key that holds a reference whose ends are in one database."""
        rows = self._session(link.child).query(catalog.constraints(link.child, link.parent))
        return catalog.read_constraint(rows, link.child, link.parent)

    def close(self) -> None:
        """Close the sessions that read catalogs."""
        for session in self._open.values():
            session.close()
        self._open.clear()

    def _session(self, end: End) -> Session:
        place = (end.instance, end.database)
        if place in self._failed:
            raise self._failed[place]  # a server that is down is waited for once, not once for each reference
        if place not in self._open:
            while len(self._open) >= OPEN_MAX:
                self._open.pop(next(iter(self._open))).close()
            try:
                self._open[place] = self.servers.admin(*place)
            except ServerError as error:
                self._failed[place] = error
                raise
        return self._open[place]


def doubt(error: ServerError) -> Trouble:
    """What an error of a server leaves to say about a reference."""
    if isinstance(error, Unreachable):
        return Trouble(
            "reference_not_checked", _UNREACHABLE_TITLE, f"{error.message}. {error.hint}".strip(), unknown=True
        )
    match error.sqlstate:
        case "3D000":
            why, what = "its database does not exist yet", "freehold apply"
        case "57014":
            why, what = "a statement took longer than --timeout allows", "freehold check-references"
        case "55P03":
            why, what = "a table was locked for longer than lock_timeout", "freehold check-references"
        case _:
            why, what = "the server refused to read it", ""
    return Trouble(
        "reference_not_checked", f"{why}, so the reference was not checked", error.message, what, unknown=True
    )
