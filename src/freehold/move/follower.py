"""The login under which one side follows the other: made for one direction of one move, and gone with it.

It has REPLICATION, which PostgreSQL wants of whoever streams changes, CONNECT on the one database, and nothing else.
Only while PostgreSQL itself copies tables that a killed copy had left over may it read these tables, whatever their
policies say: rows that a policy hides would be missing on the other side.
"""

from __future__ import annotations

from collections.abc import Iterable

from freehold.move.names import stream
from freehold.spec.model import TableName
from freehold.sqltext import Secret, Sql, ident, join, literal, sql


def there(move: str, direction: str) -> Sql:
    """One row where the login exists."""
    return sql("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {}", literal(stream(move, direction)))


def make(move: str, direction: str) -> Sql:
    """Make the login, without a password: nobody comes in under it yet."""
    return sql("CREATE ROLE {} LOGIN REPLICATION", ident(stream(move, direction)))


def admit(move: str, direction: str, database: str) -> Sql:
    """Give the login a new password, as a verifier, and let it into the database."""
    name = ident(stream(move, direction))
    return sql("ALTER ROLE {} PASSWORD {}; GRANT CONNECT ON DATABASE {} TO {}", name, _secret(), ident(database), name)


def _secret() -> Secret:
    return Secret("follower")


def connection(words: str) -> Secret:
    """The connection string of a subscription, with the password that is put in when it is sent."""
    return Secret("follower", words)


def may_read(move: str, direction: str, tables: Iterable[TableName]) -> Sql:
    """Let the login read these tables whole."""
    name, listed = ident(stream(move, direction)), tuple(tables)
    schemas = [ident(schema) for schema in sorted({one.schema for one in listed})]
    return sql(
        "ALTER ROLE {} BYPASSRLS; GRANT USAGE ON SCHEMA {} TO {}; GRANT SELECT ON {} TO {}",
        name,
        join(", ", schemas),
        name,
        join(", ", [ident(one.schema, one.table) for one in listed]),
        name,
    )


def reads_no_more(move: str, direction: str, tables: Iterable[TableName]) -> Sql:
    """End what ``may_read`` began."""
    name, listed = ident(stream(move, direction)), tuple(tables)
    schemas = [ident(schema) for schema in sorted({one.schema for one in listed})]
    return sql(
        "REVOKE SELECT ON {} FROM {}; REVOKE USAGE ON SCHEMA {} FROM {}; ALTER ROLE {} NOBYPASSRLS",
        join(", ", [ident(one.schema, one.table) for one in listed]),
        name,
        join(", ", schemas),
        name,
        name,
    )


def drop(move: str, direction: str) -> Sql:
    """Take away what the login may do in this database, and the login itself. It must be there."""
    name = ident(stream(move, direction))
    return sql("DROP OWNED BY {}; DROP ROLE {}", name, name)
