"""Terraform for the provider ``cyrilgdn/postgresql``: roles, databases, schemas, extensions and grants.

- ``versions.tf`` and ``providers.tf``: one configuration of the provider for each instance; where it listens and its
  administrator's password are variables. Instances themselves are not made: they are another provider's.
- ``variables.tf``: the password of each login, sensitive and never in the state (``password_wo``, Terraform 1.11).
- ``instance-NAME.tf``: everything on one instance, and an output for each service there that says how it reaches its
  database.

Grants on tables that others read wait for the tables: they are made when ``tables_exist`` is true. Reads across
databases, settings of logins, partitions and references are Freehold's: run ``freehold apply`` for them, and
``freehold prove`` in any case.

Hostile names are quoted strings in which nothing is a template; resources are called by slugs with a digest.

Checked: ``terraform fmt`` accepts every file and would change nothing, and python-hcl2 parses each and reads the names
that were meant; every argument is one that version 1.26 of the provider has. The provider itself was not there, so
neither ``terraform validate`` nor an apply ran.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from freehold.export import initial
from freehold.export.carried import Carried
from freehold.export.hcl import Arguments, Expression, block, output
from freehold.export.kinds._kind import Exporter
from freehold.export.model import Asked, Export
from freehold.export.names import identifier, label
from freehold.layouts.model import Instance, Placement
from freehold.plan.wanted import wanted
from freehold.plan.wanted_model import WantedDatabase, WantedSchema, Wish
from freehold.sqltext import PUBLIC

_OBJECTS = {"TABLES": "table", "SEQUENCES": "sequence", "FUNCTIONS": "function"}


def _versions() -> str:
    source: Arguments = {"postgresql": Expression('{ source = "cyrilgdn/postgresql", version = ">= 1.25.0" }')}
    inner = block("required_providers", arguments=source)
    return block("terraform", arguments={"required_version": ">= 1.11.0"}, inner=[inner]) + "\n"


def _providers(instances: Iterable[Instance]) -> str:
    found = []
    for one in instances:
        key = identifier(one.name)
        found.append(
            block(
                "provider",
                "postgresql",
                arguments={
                    "alias": key,
                    "host": Expression(f"var.{key}_host"),
                    "port": Expression(f"var.{key}_port"),
                    "username": Expression(f"var.{key}_username"),
                    "password": Expression(f"var.{key}_password"),
                    "sslmode": Expression(f"var.{key}_sslmode"),
                    "superuser": Expression(f"var.{key}_superuser"),
                },
            )
        )
    return "\n\n".join(found) + "\n"


def _variables(asked: Asked, logins: Iterable[str]) -> str:
    found = [
        _variable(
            "tables_exist", "bool", "Whether the services' migrations ran, so that their tables can be granted.", False
        )
    ]
    for one in asked.design.placements.instances:
        key = identifier(one.name)
        found += [
            _variable(f"{key}_host", "string", "Where the instance listens.", None),
            _variable(f"{key}_port", "number", "Its port.", 5432),
            _variable(f"{key}_username", "string", "Its administrator.", initial.ADMIN),
            _variable(f"{key}_password", "string", "The administrator's password.", None, sensitive=True),
            _variable(f"{key}_sslmode", "string", "Whether the way there is encrypted.", "require"),
            _variable(f"{key}_superuser", "bool", "Whether the administrator is superuser.", True),
        ]
    found += [
        _variable(f"password_{identifier(name)}", "string", "The password of a login.", None, sensitive=True)
        for name in logins
    ]
    found.append(_variable("password_version", "number", "Raise it to set all passwords anew.", 1))
    return "\n\n".join(found) + "\n"


def _variable(name: str, kind: str, says: str, default: str | int | bool | None, *, sensitive: bool = False) -> str:
    arguments: Arguments = {"description": says, "type": Expression(kind)}
    if default is not None:
        arguments["default"] = default
    if sensitive:
        arguments |= {"sensitive": True, "ephemeral": True}
    return block("variable", name, arguments=arguments)


def _instance(asked: Asked, instance: Instance) -> Iterator[str]:
    key = identifier(instance.name)
    provider = Expression(f"postgresql.{key}")
    members = initial.memberships(asked.design, instance.name)
    roles = wanted(asked.design).roles[instance.name]
    for role in roles.values():
        arguments: Arguments = {"provider": provider, "name": role.name, "login": role.login}
        if role.login:
            arguments |= {
                "password_wo": Expression(f"var.password_{identifier(role.name)}"),
                "password_wo_version": Expression("tostring(var.password_version)"),
            }
        if role.connection_limit >= 0:
            arguments["connection_limit"] = role.connection_limit
        if role.replication:
            arguments["replication"] = True
        if role.bypassrls:
            arguments["bypass_row_level_security"] = True
        if role.name in members:
            arguments["roles"] = members[role.name]
        yield block("resource", "postgresql_role", identifier(f"{key}_{role.name}"), arguments=arguments)
    for (home, _), want in wanted(asked.design).databases.items():
        if home == instance.name:
            yield from _database(key, provider, want, frozenset(roles))
    for one in asked.design.placements.services:
        if one.instance == instance.name:
            yield _output(key, one, frozenset(roles))


def _output(key: str, placement: Placement, roles: frozenset[str]) -> str:
    inside = _Inside(key, identifier(f"{key}_{placement.database}"), Expression(""), roles)
    value: Arguments = {
        "service": placement.service,
        "host": Expression(f"var.{key}_host"),
        "port": Expression(f"var.{key}_port"),
        "database": inside.database,
        "username": inside.role(placement.roles.app),
        "schemas": [inside.schema(name) for name in placement.schemas],
    }
    return output(f"service_{identifier(placement.service)}", "How a service reaches its database.", value)


@dataclass(frozen=True, slots=True)
class _Inside:
    """One database while its resources are written."""

    key: str
    here: str
    provider: Expression
    roles: frozenset[str]

    @property
    def database(self) -> Expression:
        return Expression(f"postgresql_database.{self.here}.name")

    def role(self, name: str) -> Expression | str:
        """A role of the platform by its resource, so that it is there first."""
        if name not in self.roles:
            return name
        return Expression(f"postgresql_role.{identifier(f'{self.key}_{name}')}.name")

    def schema(self, name: str) -> Expression:
        return Expression(f"postgresql_schema.{identifier(f'{self.here}_{name}')}.name")

    def grant(self, what: str, grantee: str, privileges: Iterable[str], more: Arguments) -> str:
        return block(
            "resource",
            "postgresql_grant",
            identifier(f"{self.here}_{what}_{grantee}"),
            arguments={
                "provider": self.provider,
                "database": self.database,
                "role": self.role(grantee),
                **more,
                "privileges": sorted(set(privileges)),
            },
        )


def _database(key: str, provider: Expression, want: WantedDatabase, roles: frozenset[str]) -> Iterator[str]:
    inside = _Inside(key, identifier(f"{key}_{want.name}"), provider, roles)
    yield block(
        "resource",
        "postgresql_database",
        inside.here,
        arguments={
            "provider": provider,
            "name": want.name,
            "connection_limit": want.connection_limit,
            "template": "template0",
            "encoding": "UTF8",
        },
    )
    # what PUBLIC has by default is taken away
    yield inside.grant("database", PUBLIC, (), {"object_type": "database"})
    yield inside.grant("schema_public", PUBLIC, (), {"object_type": "schema", "schema": "public"})
    if want.foreign:
        yield inside.grant(
            "schema_public", want.foreign, ("CREATE", "USAGE"), {"object_type": "schema", "schema": "public"}
        )
    for grantee, privileges in want.access.items():
        yield inside.grant("database", grantee, privileges, {"object_type": "database"})
    for name in want.extensions:
        yield block(
            "resource",
            "postgresql_extension",
            identifier(f"{inside.here}_{name}"),
            arguments={"provider": provider, "database": inside.database, "name": name},
        )
    for schema in want.schemas.values():
        yield from _schema(inside, schema)


def _schema(inside: _Inside, schema: WantedSchema) -> Iterator[str]:
    yield block(
        "resource",
        "postgresql_schema",
        identifier(f"{inside.here}_{schema.name}"),
        arguments={
            "provider": inside.provider,
            "database": inside.database,
            "name": schema.name,
            "owner": inside.role(schema.owner),
        },
    )
    place: Arguments = {"schema": inside.schema(schema.name)}
    for (grantee, _), privileges in _merged(wish for wish in schema.wishes if wish.on == "SCHEMA"):
        yield inside.grant(f"schema_{schema.name}", grantee, privileges, {"object_type": "schema", **place})
    for (grantee, on), privileges in _merged(w for w in schema.wishes if w.on != "SCHEMA" and not w.table):
        yield block(
            "resource",
            "postgresql_default_privileges",
            identifier(f"{inside.here}_{schema.name}_{on.lower()}_{grantee}"),
            arguments={
                "provider": inside.provider,
                "database": inside.database,
                "role": inside.role(grantee),
                **place,
                "owner": inside.role(schema.owner),
                "object_type": _OBJECTS[on],
                "privileges": privileges,
            },
        )
    for wish in schema.wishes:
        if wish.table:
            yield inside.grant(
                f"table_{schema.name}_{wish.table}_{wish.origin}",
                wish.grantee,
                wish.privileges,
                {
                    "count": Expression("var.tables_exist ? 1 : 0"),
                    "object_type": "table",
                    **place,
                    "objects": [wish.table],
                },
            )


def _merged(wishes: Iterable[Wish]) -> list[tuple[tuple[str, str], list[str]]]:
    """The privileges of each (grantee, kind of object): the provider holds one resource for each."""
    found: dict[tuple[str, str], set[str]] = {}
    for wish in wishes:
        found.setdefault((wish.grantee, wish.on), set()).update(wish.privileges)
    return [(key, sorted(privileges)) for key, privileges in sorted(found.items())]


def _write(asked: Asked) -> Export:
    placements = asked.design.placements
    roles = wanted(asked.design).roles
    logins = sorted({one.name for here in roles.values() for one in here.values() if one.login})
    files = {
        "versions.tf": _versions(),
        "providers.tf": _providers(placements.instances),
        "variables.tf": _variables(asked, logins),
    }
    for instance in placements.instances:
        # a prefix, so that no instance is called like one of the files above
        files[f"instance-{label(instance.name)}.tf"] = "\n\n".join(_instance(asked, instance)) + "\n"
    return Export(
        files,
        {},
        (
            "The provider needs PostgreSQL instances that exist: make them first, then fill in their variables.",
            "Set tables_exist after the services' first migrations.",
        ),
    )


terraform = Exporter(
    "Terraform for roles, databases, schemas and grants",
    "terraform fmt, and the arguments of version 1.26 of the provider",
    _write,
    frozenset({Carried.SERVICES, Carried.SCHEMAS, Carried.LOGINS, Carried.DATABASES, Carried.ROLES}),
    here=False,
)
