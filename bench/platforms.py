"""Synthetic platforms of any size, the same for every benchmark: N services of one schema and three tables each."""

from __future__ import annotations

import hashlib

from freehold.layouts.placement import place
from freehold.pg.machine import machine
from freehold.plan.model import Design, MigrationFile
from freehold.spec.model import Layout, Limits, Platform, Pool, Server, ServerKind, Service, TableName

_TABLES = """
create table {schema}.account (
  id bigint generated always as identity primary key,
  email text not null unique,
  created_at timestamptz not null default now()
);
create table {schema}.entry (
  id bigint generated always as identity primary key,
  account_id bigint not null references {schema}.account (id),
  amount numeric(20, 4) not null check (amount <> 0),
  note text
);
create index entry_account on {schema}.entry (account_id);
create table {schema}.event (id uuid primary key, body jsonb not null);
"""


def platform(services: int, layout: Layout = Layout.DATABASE_PER_SERVICE) -> Platform:
    """A platform ``bench`` of that many services on one embedded server."""
    return Platform(
        name="bench",
        layout=layout,
        servers=(Server("main", ServerKind.EMBEDDED),),
        services=tuple(
            Service(
                name=f"s{number:03d}",
                schemas=(f"s{number:03d}",),
                pool=Pool(size=2),
                limits=Limits(connections=4),
                publishes=(TableName(f"s{number:03d}", "account"),),
            )
            for number in range(services)
        ),
    )


def design(what: Platform, verifiers: dict[str, str] | None = None, *, migrations: bool = True) -> Design:
    """The design of ``what`` on this machine, each service with one migration of three tables and three indexes."""
    files = {}
    for service in what.services:
        text = _TABLES.format(schema=service.schemas[0])
        digest = hashlib.sha256(text.encode()).hexdigest()
        files[service.name] = (MigrationFile("001_tables.sql", digest, text, transactional=True),)
    return Design(
        platform=what,
        placements=place(what),
        machine=machine(),
        verifiers=verifiers or {},
        migrations=files if migrations else {},
    )
