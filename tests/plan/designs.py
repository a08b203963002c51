"""The designs of the golden cases, by the name of the case's folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from freehold.plan.model import Design, MigrationFile
from freehold.spec.model import Layout, Migrations, Profile, Reference, Server, ServerKind, Service, TableName
from support.plans import HOSTILE, design, platform

FIRST = MigrationFile("0001.sql", "a" * 64, "CREATE TABLE t (id bigint PRIMARY KEY);\n", True)
SECOND = MigrationFile("0002.sql", "b" * 64, "CREATE INDEX CONCURRENTLY ON t (id);\n", False)


def shop(layout: Layout, *files: MigrationFile, authoritative: bool = False) -> Design:
    """Two services that cross, and a foreign application."""
    ledger = Service(
        "ledger",
        ("ledger",),
        profile=Profile.LEDGER,
        migrations=Migrations(folder="."),
        publishes=(TableName("ledger", "t"),),
        extensions=("citext",),
    )
    billing = Service(
        "billing",
        ("billing",),
        reads=(TableName("ledger", "t"),),
        references=(Reference(TableName("billing", "u"), ("t",), TableName("ledger", "t"), ("id",)),),
    )
    return design(
        platform(
            ledger,
            billing,
            Service("bi", ()),
            layout=layout,
            servers=(Server("main", ServerKind.URL, url="postgresql://db/postgres"),)
            if layout is not Layout.INSTANCE_PER_SERVICE
            else (Server("main", ServerKind.EMBEDDED),),
            groups=(("money", ("billing", "ledger")),),
        ),
        migrations={"ledger": files or (FIRST,)},
        authoritative=authoritative,
    )


def owned() -> Design:
    """One ledger service on an instance of our own: server settings and pg_hba.conf are in the plan."""
    return design(platform(Service("ledger", ("ledger",), profile=Profile.LEDGER)))


def hostile() -> Design:
    services = [Service(name, (name,)) for name in HOSTILE]
    return design(platform(*services, layout=Layout.SCHEMA_PER_SERVICE))


DESIGNS: dict[str, Callable[[], Design]] = {
    **{f"empty_{layout.value.replace('-', '_')}": (lambda layout=layout: shop(layout)) for layout in Layout},
    "drifted_roles": lambda: shop(Layout.SCHEMA_PER_SERVICE),
    "drifted_grants": lambda: shop(Layout.SCHEMA_PER_SERVICE),
    "undeclared": lambda: shop(Layout.SCHEMA_PER_SERVICE),
    "authoritative": lambda: shop(Layout.SCHEMA_PER_SERVICE, authoritative=True),
    "migration_pending": lambda: shop(Layout.SCHEMA_PER_SERVICE, FIRST, SECOND),
    "nothing_to_do": lambda: shop(Layout.SCHEMA_PER_SERVICE),
    "not_superuser": lambda: shop(Layout.SCHEMA_PER_SERVICE),
    "not_superuser_pg15": lambda: shop(Layout.SCHEMA_PER_SERVICE),
    "owned_instance": owned,
    "hostile_names": hostile,
}


def edited() -> Design:
    """The applied file with other bytes."""
    return shop(Layout.SCHEMA_PER_SERVICE, replace(FIRST, sha256="c" * 64))
