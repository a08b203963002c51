"""Which table a name in a statement means, where the statement itself does not say the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from freehold.discover.live.model import LiveContents, LiveDatabase, LiveServer
from freehold.discover.live.statements import Name
from freehold.found.model import Server
from freehold.spec.tables import TableName


@dataclass(frozen=True, slots=True)
class Resolver:
    """The relations of one database by name. Partitions resolve to their roots."""

    tables: frozenset[TableName]
    parts: Mapping[TableName, TableName]
    homes: Mapping[str, tuple[str, ...]]

    def table(self, name: Name, path: Sequence[str] = ()) -> TableName | None:
        """The table that ``name`` means under a search_path; where the path does not settle it and just one schema
        has such a table, that one. None for system catalogs, what is gone, and what stays ambiguous."""
        schema, table = name
        if schema:
            return self._known(TableName(schema, table))
        for home in path:
            if (found := self._known(TableName(home, table))) is not None:
                return found
        homes = self.homes.get(table, ())
        return self._known(TableName(homes[0], table)) if len(homes) == 1 else None

    def _known(self, name: TableName) -> TableName | None:
        root = self.parts.get(name, name)
        return root if root in self.tables else None


def resolver(contents: LiveContents) -> Resolver:
    """The resolver of one database."""
    tables = frozenset(table.name for table in contents.tables)
    homes: dict[str, list[str]] = {}
    for name in sorted({*tables, *contents.parts}):
        homes.setdefault(name.table, []).append(name.schema)
    return Resolver(tables, contents.parts, {name: tuple(found) for name, found in homes.items()})


def search_path(server: Server, database: str, login: str) -> tuple[str, ...]:
    """The search_path that a session of ``login`` begins with, ``"$user"`` resolved."""
    role = server.roles.get(login)
    found = server.databases.get(database)
    inside = {who: value for who, key, value in (found.settings if found else ()) if key == "search_path"}
    own = dict(role.settings).get("search_path") if role else None
    served = server.settings.get("search_path")
    text = inside.get(login) or own or inside.get("") or (served.value if served else '"$user", public')
    parts = [part.strip() for part in text.split(",")]
    names = [part[1:-1].replace('""', '"') if part.startswith('"') else part for part in parts if part]
    return tuple(login if name == "$user" else name for name in names)


def readable(server: LiveServer) -> tuple[tuple[LiveDatabase, LiveContents], ...]:
    """The databases whose inside was read, by name."""
    return tuple(
        (database, database.contents)
        for _, database in sorted(server.databases.items())
        if database.contents is not None
    )
