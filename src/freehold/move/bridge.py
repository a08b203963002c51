"""Lets a service keep its login across a move between a login of its own and one that all services share.

The login that it uses becomes a member of the one that the new home has for it, there and nowhere else, and gets the
same settings in that database. That ends when the move is completed and the service uses its new login.
"""

from __future__ import annotations

from collections.abc import Iterable

from freehold.layouts.model import ServiceRoles
from freehold.move.model import Move
from freehold.plan.values import setting_sql
from freehold.sqltext import Secret, Sql, ident, literal, sql


def pairs(before: ServiceRoles, after: ServiceRoles) -> tuple[tuple[str, str], ...]:
    """(login used so far, login of the new home) where they differ."""
    return tuple(pair for pair in both(before, after) if pair[0] != pair[1])


def both(before: ServiceRoles, after: ServiceRoles) -> tuple[tuple[str, str], ...]:
    """(login of the old home, login of the new home)."""
    return (before.app, after.app), (before.ro, after.ro)


def standing_in(login: str) -> Sql:
    """The logins that an earlier move made members of this one, and nobody has ended since."""
    return sql(
        "SELECT u.rolname FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid"
        " JOIN pg_catalog.pg_roles AS u ON u.oid = m.member"
        " WHERE g.rolname = {} AND u.rolcanlogin AND NOT u.rolsuper ORDER BY u.rolname",
        literal(login),
    )


def needed(move: Move) -> bool:
    """Whether the two homes have different logins for the service."""
    return bool(pairs(move.source_roles, move.target_roles))


def login_there(name: str) -> Sql:
    return sql("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {}", literal(name))


def make_login(name: str) -> Sql:
    """The login as it is elsewhere: with the same password."""
    return sql("CREATE ROLE {} LOGIN PASSWORD {}", ident(name), Secret(name))


def hand_over(schema: str, old: str, new: str) -> Sql:
    """Give a schema to another owner and let the old one look into it, in one transaction."""
    name = ident(schema)
    return sql("ALTER SCHEMA {} OWNER TO {}; GRANT USAGE ON SCHEMA {} TO {}", name, ident(new), name, ident(old))


def shut_out(schema: str, old: str) -> Sql:
    """End what ``hand_over`` left to the old owner."""
    return sql("REVOKE USAGE ON SCHEMA {} FROM {}", ident(schema), ident(old))


def build(database: str, used: str, stands_for: str) -> tuple[Sql, ...]:
    """Let ``used`` do in ``database`` what ``stands_for`` may. May run again."""
    return (
        sql("GRANT {} TO {}", ident(stands_for), ident(used)),
        sql("GRANT CONNECT ON DATABASE {} TO {}", ident(database), ident(used)),
    )


def stands_the_other_way(used: str, stands_for: str) -> Sql:
    """One row where an earlier bridge leads the other way: two roles cannot be members of each other."""
    return sql(
        "SELECT 1 FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid"
        " JOIN pg_catalog.pg_roles AS u ON u.oid = m.member WHERE g.rolname = {} AND u.rolname = {}",
        literal(used),
        literal(stands_for),
    )


def revoke(used: str, stands_for: str) -> Sql:
    """End the membership of ``used`` in ``stands_for``."""
    return sql("REVOKE {} FROM {}", ident(stands_for), ident(used))


def settings(database: str, stands_for: str) -> Sql:
    """The settings of a login in a database, as name=value."""
    return sql(
        "SELECT pg_catalog.unnest(s.setconfig) FROM pg_catalog.pg_db_role_setting AS s"
        " JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole"
        " WHERE d.datname = {} AND r.rolname = {}",
        literal(database),
        literal(stands_for),
    )


def same_settings(database: str, used: str, values: Iterable[str]) -> tuple[Sql, ...]:
    """Give ``used`` these settings in the database."""
    found: list[Sql] = []
    for one in values:
        name, _, value = one.partition("=")
        shown = setting_sql(name, value)
        setting = ident(*name.split("."))
        found.append(sql("ALTER ROLE {} IN DATABASE {} SET {} = {}", ident(used), ident(database), setting, shown))
    return tuple(found)
