"""Which grants the declaration explains; every other entry in an ACL is one that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from freehold.found.model import Acl, Grant, Object
from freehold.layouts.model import Link, LinkLogin, Placement
from freehold.prove.model import Scene
from freehold.prove.scene import ROUTINES, matches, published
from freehold.spec.names import deploy_role
from freehold.sqltext import PUBLIC

APP = {
    "SCHEMA": frozenset({"USAGE"}),
    "TABLE": frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"}),
    "SEQUENCE": frozenset({"SELECT", "USAGE", "UPDATE"}),
    "FUNCTION": frozenset({"EXECUTE"}),
}
PREDEFINED = {
    "monitor": frozenset({"pg_monitor", "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"}),
    "backup": frozenset({"pg_read_all_data", "pg_read_all_settings", "pg_read_all_stats", "pg_checkpoint"}),
}
"""The predefined roles that the platform's own logins may belong to."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Who may hold what in one database, as the declaration says."""

    scene: Scene
    instance: str
    database: str

    @property
    def placements(self) -> tuple[Placement, ...]:
        return self.scene.placements.within(self.instance, self.database)

    def trusted(self, role: str) -> bool:
        """Whether a role has every right anyway, so that a grant to it opens nothing: Freehold's login, superusers."""
        server = self.scene.found.servers[self.instance]
        known = server.roles.get(role)
        return (
            role == server.user
            or role == "pg_database_owner"
            or bool(known and known.superuser and not self.ours(role))
        )

    def ours(self, role: str) -> bool:
        """Whether the platform declares the role."""
        return role in declared_roles(self.scene)

    def on_database(self, grant: Grant) -> bool:
        """CONNECT for those who work here; more only for a service that owns the database whole."""
        names = self.scene.placements.roles
        for placement in self.placements:
            if grant.grantee == placement.roles.app and not placement.schemas:
                return grant.privilege in ("CONNECT", "CREATE", "TEMPORARY")
            if grant.grantee == placement.roles.owner:
                # migrations may use temporary tables; nobody logs in as the owner
                return grant.privilege in ("CONNECT", "TEMPORARY")
            if grant.grantee in (
                placement.roles.app,
                placement.roles.ro,
                deploy_role(self.scene.platform.name, placement.service),
            ):
                return grant.privilege == "CONNECT"
        if (self.instance, self.database, grant.grantee) in self.scene.passing:
            # a service on the move has its rights at both homes
            return grant.privilege in ("CONNECT", "TEMPORARY")
        if any(link.role == grant.grantee for link in self._arriving):
            return grant.privilege == "CONNECT"
        if grant.grantee == names.analytics:
            here = any(self.scene.platform.service(p.service).publishes for p in self.placements)
            return here and grant.privilege == "CONNECT"
        if names.pool and grant.grantee == names.pool:
            here = any(self.scene.platform.service(p.service).pool is not None for p in self.placements)
            return here and grant.privilege == "CONNECT"
        return grant.grantee in (names.monitor, names.backup) and grant.privilege == "CONNECT"

    def on_schema(self, schema: str, grant: Grant) -> bool:
        """USAGE for the service, for those who read or refer to it, and for analytics where it publishes."""
        if self._foreign:
            return self._by_the_application(grant)
        placement = self._owner(schema)
        if placement is None and self.mirrored(schema):
            return grant.privilege == "USAGE" and grant.grantee in self._mirror_readers(schema, None)
        if placement is None:
            return grant.privilege == "USAGE"
        if grant.privilege != "USAGE":
            return False
        if grant.grantee in (placement.roles.owner, placement.roles.app, placement.roles.ro):
            return True
        return any(grant.grantee == role for role in self._readers(schema, None)) or any(
            grant.grantee == role for role in self._referrers(schema, None)
        )

    def on_object(self, thing: Object, grant: Grant) -> bool:
        """What the service's own logins may, SELECT for declared readers, REFERENCES for declared referrers."""
        if self._foreign:
            return self._by_the_application(grant)
        placement = self._owner(thing.schema)
        if placement is None and self.mirrored(thing.schema):
            return grant.privilege == "SELECT" and grant.grantee in self._mirror_readers(thing.schema, thing.name)
        if placement is None:
            return not self._matters(thing) or not (grant.grantee == PUBLIC or self.ours(grant.grantee))
        kind = "FUNCTION" if thing.kind in ROUTINES else "SEQUENCE" if thing.kind == "SEQUENCE" else "TABLE"
        if grant.grantee in (placement.roles.app, placement.roles.owner):
            return grant.privilege in APP[kind]
        if grant.grantee == placement.roles.ro:
            return grant.privilege in ("SELECT", "EXECUTE")
        if kind == "TABLE" and grant.privilege == "SELECT":
            return grant.grantee in self._readers(thing.schema, thing.name)
        if kind == "TABLE" and grant.privilege == "REFERENCES":
            return grant.grantee in self._referrers(thing.schema, thing.name)
        return False

    def by_default(self, owner: str, schema: str, kind: str, grant: Grant) -> bool:
        """What new objects of a service may give: what its own logins have, SELECT to readers of whole schemas."""
        if kind == "TYPES":
            return True
        if self._foreign:
            return self._by_the_application(grant)
        mine = [p for p in self.placements if p.roles.owner == owner]
        if not mine or grant.grantee == owner:
            return True
        shape = {"TABLES": "TABLE", "SEQUENCES": "SEQUENCE", "FUNCTIONS": "FUNCTION", "SCHEMAS": "SCHEMA"}.get(kind, "")
        if any(grant.grantee == p.roles.app for p in mine):
            return grant.privilege in APP.get(shape, frozenset())
        if any(grant.grantee == p.roles.ro for p in mine):
            return grant.privilege == "SELECT" or (grant.privilege in ("USAGE", "EXECUTE") and shape != "SEQUENCE")
        if shape == "TABLE" and grant.privilege == "SELECT" and schema:
            return grant.grantee in self._readers(schema, "*")
        if shape == "TABLE" and grant.privilege == "REFERENCES" and schema:
            return grant.grantee in self._referrers(schema, "*")
        return False

    @property
    def _foreign(self) -> tuple[Placement, ...]:
        """The applications that own this database whole: services without schemas."""
        return tuple(p for p in self.placements if not p.schemas)

    def _by_the_application(self, grant: Grant) -> bool:
        """An application gives what it likes to its own logins, to roles of its own and to all who may connect; no
        other service's login is its affair."""
        mine = {role for p in self._foreign for role in (p.roles.owner, p.roles.app, p.roles.ro)}
        mine |= {deploy_role(self.scene.platform.name, p.service) for p in self._foreign}
        return grant.grantee in mine or not self.ours(grant.grantee)

    def mirrored(self, schema: str) -> bool:
        """Whether the schema stands here for tables of another database."""
        return any(link.reader == (self.instance, self.database) and schema in link.schemas for link in self._links)

    @property
    def _links(self) -> tuple[Link, ...]:
        return self.scene.placements.links

    @property
    def _arriving(self) -> tuple[LinkLogin, ...]:
        place = (self.instance, self.database)
        return tuple(link for link in self.scene.placements.link_logins if link.source == place)

    def _mirror_readers(self, schema: str, table: str | None) -> frozenset[str]:
        """The roles that may read a mirrored table; table None: any table of the schema."""
        return frozenset(
            role
            for link in self._links
            if link.reader == (self.instance, self.database)
            for linked in link.tables
            if linked.name.schema == schema and (table is None or linked.name.table in ("*", table))
            for reader in linked.readers
            for role in self.scene.placements.of(reader).roles.readers
        )

    def _owner(self, schema: str) -> Placement | None:
        here = [
            one.tables for one in self.scene.second if (one.instance, one.database) == (self.instance, self.database)
        ]
        return next((p for p in (*self.placements, *here) if schema in p.schemas), None)

    def _matters(self, thing: Object) -> bool:
        return thing.security_definer or (thing.kind not in ROUTINES and thing.kind in _DATA)

    def _readers(self, schema: str, table: str | None) -> frozenset[str]:
        """The roles whose declaration reads the table; table None: any table of the schema."""
        roles: set[str] = set()
        for placement in self.placements:
            for name in self.scene.platform.service(placement.service).reads:
                if name.schema == schema and (table is None or name.table in ("*", table)):
                    roles.update(placement.roles.readers)
        for link in self._arriving:
            if any(n.schema == schema and (table is None or n.table in ("*", table)) for n in link.tables):
                roles.add(link.role)
        names = published(self.scene.platform)
        if any(n.schema == schema for n in names) if table is None else matches(names, schema, table):
            roles.add(self.scene.placements.roles.analytics)
        return frozenset(roles)

    def _referrers(self, schema: str, table: str | None) -> frozenset[str]:
        return frozenset(
            placement.roles.owner
            for placement in self.placements
            for reference in self.scene.platform.service(placement.service).references
            if reference.to_table.schema == schema and (table is None or reference.to_table.table in ("*", table))
        )


_DATA = frozenset({"TABLE", "PARTITIONED TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE"})


def declared_roles(scene: Scene) -> dict[str, tuple[str, str]]:
    """Every role of the platform: name to (service or "", purpose)."""
    names = scene.placements.roles
    roles = {names.analytics: ("", "analytics"), names.monitor: ("", "monitor"), names.backup: ("", "backup")}
    if names.pool:
        roles[names.pool] = ("", "pool")
    for p in scene.placements.services:
        alone = "" if sum(q.roles.app == p.roles.app for q in scene.placements.services) > 1 else p.service
        roles[p.roles.owner] = (alone, "owner")
        roles[p.roles.app] = (alone, "app")
        roles[p.roles.ro] = (alone, "ro")
    if scene.placements.links:
        roles[names.mirror] = ("", "mirror")
    for link in scene.placements.link_logins:
        roles[link.role] = (link.service, link.purpose)
    return roles


def allowed_memberships(purpose: str) -> frozenset[str]:
    """The predefined roles a declared role of this purpose may reach."""
    return PREDEFINED.get(purpose, frozenset())


def unexplained(acl: Acl, owner: str, explained: Explained) -> Iterator[Grant]:
    """The entries of an ACL that could matter: not the owner's own, not those of who has every right anyway."""
    for grant in sorted(acl):
        if grant.grantee != owner and not explained.trusted(grant.grantee):
            yield grant
