"""What every role, database and schema should be: the design turned inside out, object by object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from freehold.layouts import limits
from freehold.layouts.model import LinkLogin, Placement
from freehold.plan.model import Design
from freehold.spec.model import Service, TableName, Via
from freehold.spec.names import deploy_role
from freehold.spec.serverwide import SESSION, STORED
from freehold.sqltext import quote_ident
from freehold.units import show_bytes, show_ms

Origin = Literal["own", "reads", "references", "publishes", "links"]
Target = Literal["SCHEMA", "TABLES", "SEQUENCES", "FUNCTIONS"]

APP_ON_TABLES = ("DELETE", "INSERT", "SELECT", "UPDATE")
APP_ON_SEQUENCES = ("SELECT", "USAGE")
EXTENSIONS_SCHEMA = "extensions"
DEPLOY_CONNECTIONS = 2


@dataclass(frozen=True, slots=True)
class WantedRole:
    """A role of one instance. ``purpose`` is owner, app, ro, analytics, monitor, backup or pool; link, replica or
    mirror where reads cross databases. ``service`` is empty for roles of the platform and for shared ones."""

    name: str
    purpose: str
    service: str
    login: bool
    connection_limit: int

    @property
    def replication(self) -> bool:
        # no smaller right lets a subscription follow
        return self.purpose in ("backup", "replica")

    @property
    def bypassrls(self) -> bool:
        return self.purpose == "backup"


@dataclass(frozen=True, slots=True)
class Wish:
    """``grantee`` shall have ``privileges`` on a schema, on one of its tables, or on all its objects, now and later.

    ``table`` empty means all; ``service`` is the one whose declaration asks for it.
    """

    origin: Origin
    service: str
    schema: str
    on: Target
    grantee: str
    privileges: tuple[str, ...]
    table: str = ""


@dataclass(frozen=True, slots=True)
class WantedSchema:
    """A schema of a service, and everything anybody may do in it."""

    name: str
    service: str
    owner: str
    wishes: tuple[Wish, ...]


@dataclass(frozen=True, slots=True)
class Crossing:
    """A declared reference that leaves its database, so that no foreign key can hold it."""

    service: str
    kind: str
    table: TableName
    source: str


@dataclass(frozen=True, slots=True)
class WantedDatabase:
    """A database of the design. ``access`` maps a role to the privileges it holds on the database itself;
    ``foreign`` is the application role that owns everything inside, or empty; ``settings`` are (role, key, value);
    ``order`` maps a service to its turn: services whose tables are referenced come first."""

    instance: str
    name: str
    placements: tuple[Placement, ...]
    schemas: Mapping[str, WantedSchema]
    access: Mapping[str, frozenset[str]]
    foreign: str
    connection_limit: int
    extensions: Mapping[str, tuple[str, ...]]
    extension_schema: str
    extension_users: tuple[str, ...]
    settings: tuple[tuple[str, str, str], ...]
    order: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Roles by instance and name; databases by (instance, name); what cannot be granted."""

    roles: Mapping[str, Mapping[str, WantedRole]]
    databases: Mapping[tuple[str, str], WantedDatabase]
    crossings: tuple[Crossing, ...]


_last: tuple[Design, Wanted] | None = None


def wanted(design: Design) -> Wanted:
    """Everything the design wants. The last answer is kept, since every kind of step asks for it."""
    global _last
    kept = _last
    if kept is not None and kept[0] is design:
        return kept[1]
    answer = _wanted(design)
    _last = (design, answer)
    return answer


def migrates(design: Design, service: Service) -> bool:
    """Whether a deploy login will connect for the service: it brings schema changes, or tables to be maintained."""
    maintained = bool(service.timeseries or service.retention)
    return maintained or service.migrations is not None or bool(design.migrations.get(service.name))


def search_path(database: WantedDatabase, placement: Placement) -> tuple[str, ...]:
    """The service's schemas, then the extensions it declared, then pg_temp: last, where nothing can be hidden by it."""
    extensions = (database.extension_schema,) if placement.roles.owner in database.extension_users else ()
    return (*placement.schemas, *extensions, "pg_temp")


def show_list(names: tuple[str, ...]) -> str:
    """A list of identifiers as a setting holds it."""
    return ", ".join(quote_ident(name) for name in names)


def _wanted(design: Design) -> Wanted:
    services = {service.name: service for service in design.platform.services}
    schema_owner = {schema: placement for placement in design.placements.services for schema in placement.schemas}
    by_database: dict[tuple[str, str], list[Placement]] = {}
    for placement in design.placements.services:
        by_database.setdefault((placement.instance, placement.database), []).append(placement)
    wishes, crossings = _wishes(design, services, schema_owner)
    databases = {
        place: _database(design, services, place, tuple(by_database[place]), wishes) for place in sorted(by_database)
    }
    return Wanted(roles=_roles(design, services), databases=databases, crossings=tuple(crossings))


def _roles(design: Design, services: Mapping[str, Service]) -> dict[str, dict[str, WantedRole]]:
    roles: dict[str, dict[str, WantedRole]] = {}
    shared = design.placements.shared_login
    for instance in design.placements.instances:
        roles[instance.name] = {
            name: WantedRole(name, purpose, "", True, limits.role_limit(None, purpose))
            for purpose, name in (
                ("analytics", design.placements.roles.analytics),
                ("backup", design.placements.roles.backup),
                ("monitor", design.placements.roles.monitor),
                ("pool", design.placements.roles.pool),
            )
            if name
        }
    for placement in design.placements.services:
        here = roles[placement.instance]
        for purpose, name in (
            ("owner", placement.roles.owner),
            ("app", placement.roles.app),
            ("ro", placement.roles.ro),
        ):
            limit = limits.role_limit(services[placement.service], purpose)
            if name in here and limit >= 0 and purpose != "owner":
                limit += here[name].connection_limit
            here[name] = WantedRole(name, purpose, "" if shared else placement.service, purpose != "owner", limit)
    for login in design.placements.link_logins:
        here = roles[login.source[0]]
        limit = login.connections + (here[login.role].connection_limit if login.role in here else 0)
        here[login.role] = WantedRole(login.role, login.purpose, login.service, True, limit)
    for link in design.placements.links:
        mirror = design.placements.roles.mirror
        roles[link.reader[0]][mirror] = WantedRole(mirror, "mirror", "", False, -1)
    return {instance: dict(sorted(here.items())) for instance, here in roles.items()}


def _wishes(
    design: Design, services: Mapping[str, Service], owners: Mapping[str, Placement]
) -> tuple[dict[str, list[Wish]], list[Crossing]]:
    """Wishes by schema. Under a shared login everybody is everybody, so crossings inside a database need no grant."""
    wishes: dict[str, list[Wish]] = {}
    crossings: list[Crossing] = []
    analytics = design.placements.roles.analytics
    for placement in design.placements.services:
        service, roles = services[placement.service], placement.roles
        for schema in placement.schemas:
            own = wishes.setdefault(schema, [])
            for grantee, on, privileges in (
                (roles.app, "SCHEMA", ("USAGE",)),
                (roles.ro, "SCHEMA", ("USAGE",)),
                (roles.app, "TABLES", APP_ON_TABLES),
                (roles.ro, "TABLES", ("SELECT",)),
                (roles.app, "SEQUENCES", APP_ON_SEQUENCES),
                (roles.app, "FUNCTIONS", ("EXECUTE",)),
            ):
                own.append(Wish("own", service.name, schema, on, grantee, privileges))  # type: ignore[arg-type]  # a literal tuple widens to str
        for table in service.publishes:
            wishes.setdefault(table.schema, []).extend(_on_table("publishes", service.name, table, analytics))
        for table in service.reads:
            owner = owners.get(table.schema)
            if owner is None or owner.service == service.name:
                continue
            here = (owner.instance, owner.database) == (placement.instance, placement.database)
            if here and not design.placements.shared_login:
                for grantee in (roles.app, roles.ro):
                    wishes.setdefault(table.schema, []).extend(_on_table("reads", service.name, table, grantee))
        for reference in service.references:
            owner = owners.get(reference.to_table.schema)
            if owner is None or owner.service == service.name:
                continue
            if (owner.instance, owner.database) != (placement.instance, placement.database):
                crossings.append(Crossing(service.name, "references", reference.to_table, owner.service))
            elif not design.placements.shared_login:
                to = reference.to_table
                wishes.setdefault(to.schema, []).extend(
                    (
                        Wish("references", service.name, to.schema, "SCHEMA", roles.owner, ("USAGE",)),
                        Wish("references", service.name, to.schema, "TABLES", roles.owner, ("REFERENCES",), to.table),
                    )
                )
    for login in design.placements.link_logins:
        for table in login.tables:
            asks = login.service or owners[table.schema].service
            wishes.setdefault(table.schema, []).extend(_on_table("links", asks, table, login.role))
    return wishes, crossings


def _on_table(origin: Origin, service: str, table: TableName, grantee: str) -> tuple[Wish, Wish]:
    name = "" if table.table == "*" else table.table
    return (
        Wish(origin, service, table.schema, "SCHEMA", grantee, ("USAGE",)),
        Wish(origin, service, table.schema, "TABLES", grantee, ("SELECT",), name),
    )


def _database(
    design: Design,
    services: Mapping[str, Service],
    place: tuple[str, str],
    placements: tuple[Placement, ...],
    wishes: Mapping[str, list[Wish]],
) -> WantedDatabase:
    schemas = {
        schema: WantedSchema(schema, p.service, p.roles.owner, tuple(dict.fromkeys(wishes.get(schema, ()))))
        for p in placements
        for schema in p.schemas
    }
    extensions: dict[str, list[str]] = {}
    users: set[str] = set()
    for placement in placements:
        for extension in services[placement.service].extensions:
            extensions.setdefault(extension, []).append(placement.service)
        if services[placement.service].extensions and placement.schemas:
            users.update((placement.roles.owner, placement.roles.app, placement.roles.ro))
    for link in design.placements.links:
        if link.reader == place and (through := link.through(Via.FOREIGN_TABLE)):
            readers = {reader for table in through for reader in table.readers}
            extensions["postgres_fdw"] = sorted({*extensions.get("postgres_fdw", ()), *readers})
    declared = {schema for service in design.platform.services for schema in service.schemas}
    foreign = next((p.roles.app for p in placements if not p.schemas), "")
    arriving = tuple(login for login in design.placements.link_logins if login.source == place)
    access = _access(design, services, placements, schemas, arriving)
    database = WantedDatabase(
        instance=place[0],
        name=place[1],
        placements=placements,
        schemas=dict(sorted(schemas.items())),
        access=access,
        foreign=foreign,
        connection_limit=_connection_limit(design, services, placements, access)
        + sum(login.connections for login in arriving),
        extensions={name: tuple(extensions[name]) for name in sorted(extensions)},
        extension_schema=EXTENSIONS_SCHEMA if EXTENSIONS_SCHEMA not in declared else f"freehold_{EXTENSIONS_SCHEMA}",
        extension_users=tuple(sorted(users)),
        settings=(),
        order=_turns(services, placements, {name: schema.service for name, schema in schemas.items()}),
    )
    return _with_settings(database, services, arriving)


def _access(
    design: Design,
    services: Mapping[str, Service],
    placements: tuple[Placement, ...],
    schemas: Mapping[str, WantedSchema],
    arriving: tuple[LinkLogin, ...],
) -> dict[str, frozenset[str]]:
    platform = design.placements.roles
    access = {platform.monitor: frozenset({"CONNECT"}), platform.backup: frozenset({"CONNECT"})}
    access.update({login.role: frozenset({"CONNECT"}) for login in arriving})
    if any(wish.origin == "publishes" for schema in schemas.values() for wish in schema.wishes):
        access[platform.analytics] = frozenset({"CONNECT"})
    if platform.pool and any(services[placement.service].pool is not None for placement in placements):
        access[platform.pool] = frozenset({"CONNECT"})
    for placement in placements:
        access[placement.roles.app] = frozenset({"CONNECT"})
        access[placement.roles.ro] = frozenset({"CONNECT"})
        if migrates(design, services[placement.service]):
            # The deploy login has no right of its own: it connects as a member of the owner role, and a migration
            # may need a temporary table. No other login is ever a member.
            access[placement.roles.owner] = frozenset({"CONNECT", "TEMPORARY"})
        if not placement.schemas:
            access[placement.roles.app] = frozenset({"CONNECT", "CREATE", "TEMPORARY"})
    return dict(sorted(access.items()))


def _connection_limit(
    design: Design,
    services: Mapping[str, Service],
    placements: tuple[Placement, ...],
    access: Mapping[str, frozenset[str]],
) -> int:
    total = limits.SUPERUSER_SPARE
    for placement in placements:
        service = services[placement.service]
        total += limits.role_limit(service, "app") + limits.role_limit(service, "ro")
        total += DEPLOY_CONNECTIONS if migrates(design, service) else 0
    platform = design.placements.roles
    for purpose, name in (
        ("analytics", platform.analytics),
        ("monitor", platform.monitor),
        ("backup", platform.backup),
        ("pool", platform.pool),
    ):
        total += limits.role_limit(None, purpose) if name in access else 0
    return total


def _with_settings(
    database: WantedDatabase, services: Mapping[str, Service], arriving: tuple[LinkLogin, ...]
) -> WantedDatabase:
    """Settings of each login in the database; a login that services share gets all paths and the longest times, and
    of what a service declares for its sessions only that which all of them declare."""
    paths: dict[str, list[str]] = {}
    times: dict[str, dict[str, int]] = {}
    files: dict[str, int] = {}
    own: dict[str, dict[str, str]] = {}
    for placement in database.placements:
        service = services[placement.service]
        declared = {
            STORED.get(key.lower(), key.lower()): value for key, value in service.settings if key.lower() in SESSION
        }
        for login in (placement.roles.app, placement.roles.ro):
            shared = own.setdefault(login, declared)
            own[login] = {key: value for key, value in shared.items() if declared.get(key) == value}
            if placement.schemas:
                paths.setdefault(login, []).extend(search_path(database, placement))
            mine = times.setdefault(login, {})
            for key, value in (
                ("statement_timeout", limits.statement_timeout_ms(service)),
                ("idle_in_transaction_session_timeout", limits.idle_in_transaction_timeout_ms(service)),
                ("lock_timeout", limits.lock_timeout_ms(service)),
            ):
                # 0 means "never", which is the longest of all
                mine[key] = 0 if 0 in (value, mine.get(key, value)) else max(value, mine.get(key, value))
            if service.limits.temp_file_bytes is not None:
                files[login] = max(service.limits.temp_file_bytes, files.get(login, 0))
    # a row that a policy hides is an error and not a row less; and whoever gets hold of the password writes nothing
    settings: list[tuple[str, str, str]] = [
        (login.role, key, value)
        for login in arriving
        for key, value in (("default_transaction_read_only", "on"), ("row_security", "off"))
    ]
    settings.extend((login, *setting) for login in own for setting in own[login].items())
    for login, mine in times.items():
        settings.extend(
            (login, key, show_ms(value) if value else "0") for key, value in mine.items() if key not in own[login]
        )
        if login in paths:
            ordered = dict.fromkeys(name for name in paths[login] if name not in ("pg_temp", database.extension_schema))
            last = [database.extension_schema] if database.extension_schema in paths[login] else []
            settings.append((login, "search_path", show_list((*ordered, *last, "pg_temp"))))
        if login in files and "temp_file_limit" not in own[login]:
            settings.append((login, "temp_file_limit", show_bytes(max(files[login] // 1024, 1) * 1024)))
    return WantedDatabase(
        **{name: getattr(database, name) for name in WantedDatabase.__slots__ if name != "settings"},
        settings=tuple(sorted(settings)),
    )


def _turns(
    services: Mapping[str, Service], placements: tuple[Placement, ...], owners: Mapping[str, str]
) -> dict[str, int]:
    """Services in an order in which a referenced service comes before the one that refers to it; ties by name.

    A circle is broken at its first name: one of its references can then only be granted by the next apply.
    """
    waits = {
        p.service: {
            owners[reference.to_table.schema]
            for reference in services[p.service].references
            if owners.get(reference.to_table.schema, p.service) != p.service
        }
        for p in placements
    }
    turns: dict[str, int] = {}
    left = sorted(waits)
    while left:
        ready = next((name for name in left if waits[name] <= turns.keys()), left[0])
        turns[ready] = len(turns) + 1
        left.remove(ready)
    return turns


def deploy_roles(design: Design, database: WantedDatabase) -> tuple[str, ...]:
    """The short-lived logins that may run migrations in the database."""
    services = {service.name: service for service in design.platform.services}
    return tuple(
        deploy_role(design.platform.name, p.service)
        for p in database.placements
        if p.schemas and migrates(design, services[p.service])
    )
