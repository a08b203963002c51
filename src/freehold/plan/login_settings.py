"""The settings of each login in a database: timeouts, search_path, temporary files, and what its sessions declare."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from freehold.layouts import limits
from freehold.layouts.model import LinkLogin, Placement
from freehold.spec.model import Service
from freehold.spec.serverwide import SESSION, STORED
from freehold.sqltext import quote_ident
from freehold.units import show_bytes, show_ms


def path_of(placement: Placement, extension_schema: str, extension_users: Collection[str]) -> tuple[str, ...]:
    """The service's schemas, then the extensions it declared, then pg_temp: last, where nothing can be hidden by it."""
    extensions = (extension_schema,) if placement.roles.owner in extension_users else ()
    return (*placement.schemas, *extensions, "pg_temp")


def show_list(names: tuple[str, ...]) -> str:
    """A list of identifiers as a setting holds it."""
    return ", ".join(quote_ident(name) for name in names)


def login_settings(
    together: Sequence[tuple[Placement, Service]],
    arriving: Sequence[LinkLogin],
    extension_schema: str,
    extension_users: frozenset[str],
) -> tuple[tuple[str, str, str], ...]:
    """Settings of each login in the database; a login that services share gets all paths and the longest times, and
    of what a service declares for its sessions only that which all of them declare."""
    paths: dict[str, list[str]] = {}
    times: dict[str, dict[str, int]] = {}
    files: dict[str, int] = {}
    own: dict[str, dict[str, str]] = {}
    for placement, service in together:
        declared = {
            STORED.get(key.lower(), key.lower()): value for key, value in service.settings if key.lower() in SESSION
        }
        for login in (placement.roles.app, placement.roles.ro):
            shared = own.setdefault(login, declared)
            own[login] = {key: value for key, value in shared.items() if declared.get(key) == value}
            if placement.schemas:
                paths.setdefault(login, []).extend(path_of(placement, extension_schema, extension_users))
            mine = times.setdefault(login, {})
            for key, value in (
                ("statement_timeout", limits.statement_timeout_ms(service)),
                ("idle_in_transaction_session_timeout", limits.idle_in_transaction_timeout_ms(service)),
                ("lock_timeout", limits.lock_timeout_ms(service)),
            ):
                # 0 means "never", which is the longest of all
                mine[key] = 0 if 0 in (value, mine.get(key, value)) else max(value, mine.get(key, value))
            if service.limits.temp_file_bytes is not None:
                files[login] = max(service.limits.temp_file_bytes, files.get(login, 0))
    # a row that a policy hides is an error and not a row less; and whoever gets hold of the password writes nothing
    settings: list[tuple[str, str, str]] = [
        (login.role, key, value)
        for login in arriving
        for key, value in (("default_transaction_read_only", "on"), ("row_security", "off"))
    ]
    settings.extend((login, *setting) for login in own for setting in own[login].items())
    for login, mine in times.items():
        settings.extend(
            (login, key, show_ms(value) if value else "0") for key, value in mine.items() if key not in own[login]
        )
        if login in paths:
            ordered = dict.fromkeys(name for name in paths[login] if name not in ("pg_temp", extension_schema))
            last = [extension_schema] if extension_schema in paths[login] else []
            settings.append((login, "search_path", show_list((*ordered, *last, "pg_temp"))))
        if login in files and "temp_file_limit" not in own[login]:
            settings.append((login, "temp_file_limit", show_bytes(max(files[login] // 1024, 1) * 1024)))
    return tuple(sorted(settings))
