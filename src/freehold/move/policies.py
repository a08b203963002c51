"""Row security policies of a service's tables, with the roles of the target.

An expression is taken as the server prints it with nothing in the search path, so every name in it is qualified.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import cast

from freehold.sqltext import PUBLIC, Sql, ident, join, keyword, literal, raw, role, sql, words

_POLICIES = """\
SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, p.polname, p.polcmd,
         p.polpermissive,
         CASE WHEN 0 = ANY (p.polroles) THEN '["public"]'::json ELSE (SELECT pg_catalog.json_agg(r.rolname
             ORDER BY r.rolname) FROM pg_catalog.pg_roles AS r WHERE r.oid = ANY (p.polroles)) END,
         pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
         pg_catalog.obj_description(p.oid, 'pg_policy')) ORDER BY n.nspname, c.relname, p.polname), '[]')::text
  FROM pg_catalog.pg_policy AS p JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = ANY (ARRAY[{}]::name[])"""

_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as the catalog has it. ``using`` and ``check`` are empty where there is none."""

    schema: str
    table: str
    name: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: str
    check: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """The statements that give the target the policies, and (policy, role) for each role that it does not have."""

    statements: tuple[Sql, ...]
    homeless: tuple[tuple[Policy, str], ...]


def question(schemas: Iterable[str]) -> Sql:
    """One row with one text, for ``policies``. The session's search_path must hold pg_catalog only."""
    return sql(_POLICIES, join(", ", [literal(name) for name in schemas]))


def policies(answer: str) -> tuple[Policy, ...]:
    """What the answer tells."""
    return tuple(
        Policy(
            str(schema),
            str(table),
            str(name),
            _COMMANDS[str(command)],
            permissive is True,
            tuple(cast("list[str]", roles)),
            str(using or ""),
            str(check or ""),
            str(comment or ""),
        )
        for schema, table, name, command, permissive, roles, using, check, comment in cast(
            "list[list[object]]", json.loads(answer)
        )
    )


def mapped(policy: Policy, mapping: Callable[[str], str]) -> Policy:
    """The policy with the roles of the target."""
    return replace(policy, roles=tuple(sorted({one if one == PUBLIC else mapping(one) for one in policy.roles})))


def settle(source: Iterable[Policy], target: Iterable[Policy], there: frozenset[str]) -> Settled:
    """From the policies of the source, ``mapped``, and those of the target to what must be sent. A policy none of
    whose roles is there is not made: it would say something about nobody."""
    have = {(one.schema, one.table, one.name): one for one in target}
    statements: list[Sql] = []
    homeless: list[tuple[Policy, str]] = []
    for one in source:
        homeless += [(one, name) for name in one.roles if name != PUBLIC and name not in there]
        wanted = replace(one, roles=tuple(name for name in one.roles if name == PUBLIC or name in there))
        found = have.get((one.schema, one.table, one.name))
        if not wanted.roles or found == wanted:
            continue
        table = ident(one.schema, one.table)
        if found is not None:
            statements.append(sql("DROP POLICY {} ON {}", ident(one.name), table))
        statements.append(_create(wanted))
        if wanted.comment:
            statements.append(sql("COMMENT ON POLICY {} ON {} IS {}", ident(one.name), table, literal(one.comment)))
    return Settled(tuple(statements), tuple(homeless))


def _create(policy: Policy) -> Sql:
    return sql(
        "CREATE POLICY {} ON {} AS {} FOR {} TO {}{}{}",
        ident(policy.name),
        ident(policy.schema, policy.table),
        keyword("PERMISSIVE") if policy.permissive else keyword("RESTRICTIVE"),
        words(policy.command),
        join(", ", [role(name) for name in policy.roles]),
        sql(" USING ({})", raw(policy.using)) if policy.using else Sql(()),
        sql(" WITH CHECK ({})", raw(policy.check)) if policy.check else Sql(()),
    )
