"""What a place creates, drops or needs inside a server: databases, schemas, tables, roles, rights, settings."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.discover.model import Evidence


@dataclass(frozen=True, slots=True)
class DatabaseMade:
    """A place that creates a database. ``script`` is the script it stands in when it runs only if that is started.

    ``server`` is the scope and name of the server where the place says it (``SCOPE:NAME``).
    """

    database: str
    at: Evidence
    server: str = ""
    owner: str = ""
    script: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class DatabaseDropped:
    """A place that drops a database; ``starts`` says that it runs whenever something starts."""

    database: str
    at: Evidence
    starts: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A statement that would create a database and that PostgreSQL does not take."""

    database: str
    at: Evidence
    script: str = ""


@dataclass(frozen=True, slots=True)
class SchemaMade:
    """A place that creates or claims a schema, inside ``database`` where the script says so."""

    schema: str
    at: Evidence
    database: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class TableMade:
    """A place that creates a table."""

    schema: str
    table: str
    at: Evidence
    columns: tuple[tuple[str, str], ...] = ()
    database: str = ""


@dataclass(frozen=True, slots=True)
class TableNamed:
    """SQL that needs a table that it does not create: a foreign key, view, join, index, policy, change, ...

    ``table`` is the one the statement is about (empty for a query), ``to_table`` the one that must be there.
    """

    how: str
    schema: str
    table: str
    to_schema: str
    to_table: str
    at: Evidence
    database: str = ""


@dataclass(frozen=True, slots=True)
class RoleMade:
    """A place that creates a role."""

    role: str
    at: Evidence
    superuser: bool = False
    login: bool = True


@dataclass(frozen=True, slots=True)
class ConnectChanged:
    """A place that gives or takes the right to connect to a database; ``role`` is ``public`` for everybody."""

    database: str
    role: str
    granted: bool
    at: Evidence


@dataclass(frozen=True, slots=True)
class SettingMade:
    """A place that sets a server setting by SQL."""

    name: str
    at: Evidence
