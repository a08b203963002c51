"""The names that Freehold gives to roles and databases, and how a table is written in a declaration."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from freehold.spec.model import TableName
from freehold.sqltext import quote_ident

NAME_BYTES = 63
"""PostgreSQL cuts longer names silently; Freehold refuses them (lint ``name_too_long``)."""


def slug(name: str) -> str:
    """A service or group name inside a role or database name: hyphens become underscores, nothing else changes."""
    return name.replace("-", "_")


def owner_role(platform: str, service: str) -> str:
    """``treum_users_owner``: no login, owns the service's objects."""
    return f"{slug(platform)}_{slug(service)}_owner"


def app_role(platform: str, service: str) -> str:
    """``treum_users_app``: the login of the service itself."""
    return f"{slug(platform)}_{slug(service)}_app"


def ro_role(platform: str, service: str) -> str:
    """``treum_users_ro``: a login that reads the service's data."""
    return f"{slug(platform)}_{slug(service)}_ro"


def deploy_role(platform: str, service: str) -> str:
    """``treum_users_deploy``: a short-lived login that acts as the owner role while a migration tool runs."""
    return f"{slug(platform)}_{slug(service)}_deploy"


def platform_role(platform: str, purpose: str) -> str:
    """``treum_analytics``, ``treum_monitor``, ``treum_backup``."""
    return f"{slug(platform)}_{purpose}"


def service_logins(platform: str, service: str) -> tuple[str, ...]:
    """Every login that a service has under some layout: its own, and those that all services share."""
    shared = tuple(platform_role(platform, purpose) for purpose in ("app", "ro"))
    return (app_role(platform, service), ro_role(platform, service), *shared)


def service_database(platform: str, service: str) -> str:
    """``treum_market_data``: the database of a service or of a group that has its own."""
    return f"{slug(platform)}_{slug(service)}"


def shared_database(platform: str) -> str:
    """``treum``: the one database of the layouts that have one."""
    return slug(platform)


def byte_length(name: str) -> int:
    """Length as PostgreSQL counts it: bytes of UTF-8."""
    return len(name.encode("utf-8"))


def parse_table(text: str) -> TableName:
    """``users.account``, ``users.*`` or ``"we.ird"."na""me"`` as a table name.

    Unquoted parts are taken as written, not folded to lower case. Raises ValueError with what is accepted.
    """
    parts: list[str] = []
    rest = text
    while True:
        if rest.startswith('"'):
            end = 1
            while end < len(rest):
                if rest[end] == '"':
                    if rest[end + 1 : end + 2] == '"':
                        end += 2
                        continue
                    break
                end += 1
            if end >= len(rest):
                raise ValueError(f"{text!r} has a double quote that is not closed")
            parts.append(rest[1:end].replace('""', '"'))
            rest = rest[end + 1 :]
        else:
            part, dot, tail = rest.partition(".")
            parts.append(part)
            rest = dot + tail
        if not rest:
            break
        if not rest.startswith("."):
            raise ValueError(f"{text!r} has text after a closing double quote")
        rest = rest[1:]
    if len(parts) != 2 or not all(parts):
        raise ValueError(f"{text!r} is not a table: write schema.table, or schema.* for all tables of a schema")
    return TableName(parts[0], parts[1])


def parse_columns(text: str) -> tuple[TableName, tuple[str, ...]]:
    """``users.account(country_id)`` or ``s.t(a, "b,c")`` as a table and its columns. Raises ValueError."""
    quoted = False
    opened = -1
    for index, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == "(" and not quoted:
            opened = index
            break
    if opened < 0 or not text.rstrip().endswith(")"):
        raise ValueError(f"{text!r} names no columns: write schema.table(column, ...)")
    columns = tuple(_column(part) for part in _split(text[opened + 1 : text.rindex(")")]))
    if not all(columns):
        raise ValueError(f"{text!r} has an empty column: write schema.table(column, ...)")
    return parse_table(text[:opened].strip()), columns


def _split(text: str) -> list[str]:
    parts = [""]
    quoted = False
    for char in text:
        quoted ^= char == '"'
        if char == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _column(text: str) -> str:
    name = text.strip()
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        return name[1:-1].replace('""', '"')
    return name


def dotted(*parts: str | int) -> str:
    """A path into the declaration, as ``Platform.marks`` has it: ``services.users.pool``.

    A key that itself holds a dot or a double quote is quoted, so that no two places share a path.
    """
    return ".".join(_part(part) for part in parts)


def _part(part: str | int) -> str:
    text = str(part)
    return '"' + text.replace('"', '""') + '"' if not text or "." in text or '"' in text else text


def show_table(table: TableName) -> str:
    """The table as SQL writes it: ``"users"."account"``, or ``"users".*``."""
    return quote_ident(table.schema) + "." + ("*" if table.table == "*" else quote_ident(table.table))


def written_table(table: TableName) -> str:
    """The table as a declaration writes it, with quotes only where it needs them."""
    return ".".join(
        quote_ident(part) if "." in part or part.startswith('"') else part for part in (table.schema, table.table)
    )


def safe_url(url: str) -> str:
    """``url`` with its password replaced by ``***``, fit to print."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.split(':')[0]}:***@{place}"))


def parts_of(path: str) -> tuple[str, ...]:
    """The parts of a dotted path: the inverse of ``dotted``."""
    found = re.findall(r'(?:^|\.)(?:"((?:[^"]|"")*)"|([^."]*))', path)
    return tuple(quoted.replace('""', '"') if quoted else plain for quoted, plain in found)
