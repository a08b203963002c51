"""Two services create the same table in the same database, or two initial scripts define it in two ways.

Why: whichever migration runs second fails, or finds a table of another form. Tables of one name in databases that are
known to be different are not meant.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: shop, POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/shop"}
      billing:
        build: ./billing
        environment: {DATABASE_URL: "postgresql://billing@db/shop"}
    === orders/package.json
    {"name": "orders"}
    === orders/migrations/1.sql
    CREATE TABLE customer (id bigint PRIMARY KEY, email text);
    === billing/package.json
    {"name": "billing"}
    === billing/migrations/1.sql
    CREATE TABLE customer (id uuid PRIMARY KEY, email text, iban text);

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: orders, POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/orders"}
      billing:
        build: ./billing
        environment: {DATABASE_URL: "postgresql://billing@db/billing"}
    === orders/package.json
    {"name": "orders"}
    === orders/migrations/1.sql
    CREATE TABLE customer (id bigint PRIMARY KEY, email text);
    === billing/package.json
    {"name": "billing"}
    === billing/migrations/1.sql
    CREATE TABLE customer (id uuid PRIMARY KEY, email text, iban text);
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from posixpath import basename, dirname

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.model import Discovery, TableSeen


@conflict("error")
def table_defined_twice(discovery: Discovery) -> Iterator[Note]:
    by_name: dict[tuple[str, str, str], list[TableSeen]] = defaultdict(list)
    for table in discovery.tables:
        if table.service and table.database:
            by_name[table.database, table.schema, table.name].append(table)
    for (database, _, _), tables in sorted(by_name.items()):
        services = sorted({table.service for table in tables})
        if len(services) < 2:
            continue
        yield Note(
            services[0],
            f'table "{tables[0].shown}"',
            f'table "{tables[0].shown}" of database "{database}" is created by ' + " and by ".join(services),
            _difference(tables),
            tuple(table.at for table in tables),
        )
    yield from _in_scripts(discovery)


def _in_scripts(discovery: Discovery) -> Iterator[Note]:
    """Scripts of one folder that belong to no service and are no numbered migrations."""
    by_name: dict[tuple[str, str, str], list[TableSeen]] = defaultdict(list)
    for table in discovery.tables:
        if not table.service and table.columns and not re.match(r"[VvRr]?\d", basename(table.at.file)):
            by_name[dirname(table.at.file), table.schema, table.name].append(table)
    for tables in (tables for _, tables in sorted(by_name.items())):
        files = sorted({table.at.file for table in tables})
        if len(files) > 1 and dict(tables[0].columns) != dict(tables[1].columns):
            yield Note(
                "",
                f'table "{tables[0].shown}"',
                f'table "{tables[0].shown}" is defined in two ways, by ' + " and by ".join(map(basename, files[:4])),
                _difference(tables),
                tuple(table.at for table in tables),
            )


def _difference(tables: list[TableSeen]) -> str:
    """What the first two definitions do not have in common."""
    first, second = dict(tables[0].columns), dict(tables[1].columns)
    if not first or not second:
        return "One of the definitions names no columns that could be compared."
    only = [f"only {t.service or basename(t.at.file)} has {', '.join(sorted(set(a) - set(b)))}" for t, a, b in
            ((tables[0], first, second), (tables[1], second, first)) if set(a) - set(b)]  # fmt: skip
    other = [
        f"{name} is {first[name]} and {second[name]}" for name in first if second.get(name, first[name]) != first[name]
    ]
    return "; ".join((*only, *other)) or "Both definitions have the same columns."
