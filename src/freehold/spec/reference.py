"""The page docs/declaration.md: every key with its form, default and example, made from the models themselves."""

from __future__ import annotations

from freehold.spec.document import DeclarationForm, IgnoreForm
from freehold.spec.form import Form
from freehold.spec.pooler_form import PoolerForm
from freehold.spec.read_form import ReadForm
from freehold.spec.scalars import Written, flow
from freehold.spec.series_form import HoldForm, RetentionForm, RollupForm, SpaceForm, TimeSeriesForm
from freehold.spec.server_form import ServerForm
from freehold.spec.service_form import ServiceForm
from freehold.spec.service_parts import LimitsForm, MigrationsForm, PoolForm, ReferenceForm

_SECTIONS: tuple[tuple[str, type[Form]], ...] = (
    ("The file", DeclarationForm),
    ("`server`, `servers.NAME`", ServerForm),
    ("`pooler`", PoolerForm),
    ("`services.NAME`", ServiceForm),
    ("`services.NAME.pool`", PoolForm),
    ("`services.NAME.limits`", LimitsForm),
    ("`services.NAME.migrations`", MigrationsForm),
    ("`services.NAME.reads`", ReadForm),
    ("`services.NAME.references`", ReferenceForm),
    ("`services.NAME.timeseries.TABLE`", TimeSeriesForm),
    ("`services.NAME.timeseries.TABLE.space`", SpaceForm),
    ("`services.NAME.timeseries.TABLE.rollups.TABLE`", RollupForm),
    ("`services.NAME.retention.TABLE`", RetentionForm),
    ("`services.NAME.retention.TABLE.hold`", HoldForm),
    ("`ignore`", IgnoreForm),
)

_INTERVAL = "number and seconds, minutes, hours, days, weeks, months or years"

_UNITS = {
    "port": "1 to 65535",
    "platform": "name",
    "server": "embedded, URL, folder, or mapping",
    "servers": "name: server",
    "settings": "setting: value, in PostgreSQL's units",
    "pooler": "pgbouncer, or mapping",
    "sharing": "service, platform",
    "processes": "1 to 64",
    "auth": "query, file",
    "reset": "true, false",
    "wait_timeout": "us, ms, s, min, h, d",
    "idle_timeout": "us, ms, s, min, h, d",
    "tls_key": "file",
    "tls_certificate": "file",
    "max_clients": "clients, from 1",
    "groups": "name: list of services",
    "services": "name: service",
    "weights": "criterion: 0 to 100",
    "ignore": "list",
    "schemas": "list of names",
    "extensions": "list of names",
    "classification": "list of words",
    "references": "list of from and to",
    "pool": "connections, or mapping",
    "migrations": "folder, or mapping",
    "database": "name",
    "instance": "name of a server",
    "size": "connections, from 1",
    "reserve": "connections, from 0",
    "connections": "connections, from 1",
    "statement_timeout": "us, ms, s, min, h, d",
    "idle_in_transaction_timeout": "us, ms, s, min, h, d",
    "lock_timeout": "us, ms, s, min, h, d",
    "temp_file": "B, kB, MB, GB, TB",
    "until": "a day, 2027-01-31",
    "layout": "central, schema-per-service, database-per-service, instance-per-service, groups",
    "profile": "default, ledger, oltp, ingest, analytics",
    "mode": "transaction, session, statement",
    "kind": "embedded, binaries, url",
    "reads": "list of schema.table or schema.*, or mappings",
    "table": "schema.table or schema.*",
    "via": "foreign-table, replica",
    "publishes": "schema.table or schema.*",
    "tables": "schema.table",
    "from": "schema.table(column, ...)",
    "to": "schema.table(column, ...)",
    "timeseries": "schema.table: mapping",
    "retention": "schema.table: mapping; in a time series an interval",
    "rollups": "schema.table: mapping",
    "aggregates": "column: avg, count, first, last, max, min or sum of a column",
    "chunk": _INTERVAL,
    "ahead": _INTERVAL,
    "compress_after": _INTERVAL,
    "every": _INTERVAL,
    "keep": _INTERVAL,
    "time": "column",
    "column": "column",
    "by": "column; in a rollup a list of columns",
    "partitions": "2 to 1024",
    "space": "column and partitions",
    "how": "delete, drop",
    "batch": "rows, from 1",
    "hold": "boolean column, or mapping",
    "where": "SQL condition",
    "default_partition": "true, false",
}

_HEAD = """\
# The declaration

`freehold.yaml` says which services a platform has and what each owns. `freehold validate` reads it without a server
and names every problem with its line and column. Editors complete it with `freehold.schema.json`; put this first:

```yaml
# yaml-language-server: $schema=./freehold.schema.json
```

## A first file

```yaml
platform: shop
services:
  users:
    publishes: [users.account]
  orders:
    reads: [users.account]
    pool: 20
    limits: {statement_timeout: 30s}
```

## How values are read

- A value is what stands there: `off`, `1_000` and `1:30` are text, as its key needs it. A name that other YAML readers
  take for something else (`no`, `12`, `2027-01-01`) must be quoted.
- `${NAME}` and `${NAME:-default}` inside a value, and `env:NAME` as a whole value, come from the environment; `$$` is a
  dollar sign. A variable that is not set is an error. Keys are taken as they stand. No message shows what a variable
  holds, and a password written in the file is an error.
- A key without a value is as good as absent, except `schemas`. A key written twice and an unknown key are errors.
- Anchors, aliases and `<<` work; tags (`!!x`) and several documents in a file do not.
- A name may hold any character but NUL, up to 63 bytes of UTF-8 once it is expanded to the names of roles. Hyphens of
  platform, service and group names become underscores there.
- In `schema.table` a part that holds a dot is double-quoted: `'"we.ird".account'`. Nothing is folded to lower case.
- `include` names files relative to the file that says it, with `*` only after the last `/`. A file holds `services:` by
  name, or the body of one service whose name is the file's without its ending.
- A warning is accepted by `ignore` with its key `code:service:object`; an error is not.
"""


def page() -> str:
    """The whole page, in Markdown."""
    parts = [_HEAD]
    for title, form in _SECTIONS:
        parts.append(f"## {title}\n\n{(form.__doc__ or '').strip()}{_short(form)}\n\n{_table(form)}")
    return "\n".join(parts)


def _short(form: type[Form]) -> str:
    return f" In short: {form.short['description']}." if form.short is not None else ""


def _table(form: type[Form]) -> str:
    lines = ["| key | what | unit or form | default | example |", "|---|---|---|---|---|"]
    for name, field in form.model_fields.items():
        key = field.alias or name
        default = "required" if field.is_required() else _default(field.get_default(call_default_factory=False))
        example = _example(key, field.examples[0]) if field.examples else ""
        lines.append(f"| `{key}` | {field.description} | {_UNITS.get(key, '')} | {default} | {example} |")
    if form is DeclarationForm:
        lines.append("| `include` | Files of services. | path, or list of paths | | `include: services/*.yaml` |")
    return "\n".join(lines) + "\n"


def _default(value: object) -> str:
    return f"`{value}`" if isinstance(value, (str, int)) else ""


def _example(key: str, value: Written) -> str:
    return f"`{key}: {flow(value)}`"
