"""Looking things up in a snapshot by name; indexes are built once for each snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from freehold.found.model import Acl, Contents, Database, DefaultAcl, Found, Object, Role, Server

Pair = tuple[str, str]
NOTHING = Contents()


class Look:
    """One snapshot with indexes; what is missing is answered as empty, never as an error."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self._objects: dict[tuple[str, str], dict[str, list[Object]]] = {}
        self._tables: dict[tuple[str, str], dict[tuple[str, str], Object]] = {}
        self._items: dict[tuple[str, str], dict[tuple[str, str, str, str], Object]] = {}
        self._defaults: dict[tuple[str, str], dict[tuple[str, str, str], DefaultAcl]] = {}
        self._pairs: dict[int, tuple[Acl, frozenset[Pair]]] = {}
        self._settings: dict[tuple[str, str], dict[Pair, str]] = {}

    def server(self, instance: str) -> Server | None:
        return self.found.servers.get(instance)

    def role(self, instance: str, name: str) -> Role | None:
        server = self.server(instance)
        return server.roles.get(name) if server else None

    def database(self, instance: str, name: str | None) -> Database | None:
        """A database; None names the maintenance database."""
        server = self.server(instance)
        if server is None:
            return None
        return server.databases.get(server.maintenance_database if name is None else name)

    def contents(self, instance: str, name: str | None) -> Contents:
        """What is inside a database; nothing when it is not there or was not read."""
        database = self.database(instance, name)
        return database.contents or NOTHING if database else NOTHING

    def objects(self, instance: str, database: str) -> Mapping[str, list[Object]]:
        """Objects of a database by schema, without those that belong to an extension."""
        key = (instance, database)
        if key not in self._objects:
            by_schema: dict[str, list[Object]] = {}
            for item in self.contents(instance, database).objects:
                if not item.extension:
                    by_schema.setdefault(item.schema, []).append(item)
            self._objects[key] = by_schema
        return self._objects[key]

    def table(self, instance: str, database: str, schema: str, name: str) -> Object | None:
        """A table, view or foreign table by its name."""
        key = (instance, database)
        if key not in self._tables:
            self._tables[key] = {
                (item.schema, item.name): item
                for items in self.objects(instance, database).values()
                for item in items
                if item.kind in RELATIONS
            }
        return self._tables[key].get((schema, name))

    def item(self, instance: str, database: str, like: Object) -> Object | None:
        """The object of the same kind, name and arguments as ``like``."""
        key = (instance, database)
        if key not in self._items:
            self._items[key] = {
                (item.kind, item.schema, item.name, item.arguments): item
                for item in self.contents(instance, database).objects
            }
        return self._items[key].get((like.kind, like.schema, like.name, like.arguments))

    def default_acl(self, instance: str, database: str, owner: str, schema: str, kind: str) -> DefaultAcl | None:
        key = (instance, database)
        if key not in self._defaults:
            self._defaults[key] = {
                (item.owner, item.schema, item.kind): item for item in self.contents(instance, database).default_acls
            }
        return self._defaults[key].get((owner, schema, kind))

    def settings(self, instance: str, database: str) -> Mapping[Pair, str]:
        """(role, key) to value, of ALTER ROLE .. IN DATABASE and (role empty) ALTER DATABASE."""
        key = (instance, database)
        if key not in self._settings:
            row = self.database(instance, database)
            self._settings[key] = {(role, name): value for role, name, value in row.settings} if row else {}
        return self._settings[key]

    def pairs(self, acl: Acl) -> frozenset[Pair]:
        """The (grantee, privilege) pairs of an ACL."""
        kept = self._pairs.get(id(acl))
        if kept is None:
            # The ACL is kept beside its answer, so its id cannot be given to another object meanwhile.
            kept = (acl, frozenset([(grant.grantee, grant.privilege) for grant in acl]))
            self._pairs[id(acl)] = kept
        return kept[1]

    def lacks(self, acl: Acl, grantee: str, privileges: Iterable[str]) -> tuple[str, ...]:
        """Those of ``privileges`` that ``grantee`` does not hold by the ACL."""
        pairs = self.pairs(acl)
        return tuple(privilege for privilege in privileges if (grantee, privilege) not in pairs)


RELATIONS = frozenset({"TABLE", "PARTITIONED TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE"})
ROUTINES = frozenset({"FUNCTION", "PROCEDURE", "AGGREGATE"})
MEMBERS_OF = {"TABLES": RELATIONS, "SEQUENCES": frozenset({"SEQUENCE"}), "FUNCTIONS": ROUTINES}

_last: Look | None = None


def look(found: Found) -> Look:
    """The snapshot with its indexes. The last one is kept, since every step asks the same snapshot."""
    global _last
    kept = _last
    if kept is not None and kept.found is found:
        return kept
    kept = Look(found)
    _last = kept
    return kept
