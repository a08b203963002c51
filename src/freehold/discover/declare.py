"""A discovery as a declaration to start from: it validates, and every guess says in a comment what it was made from."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from freehold.discover.facts import Migrated
from freehold.discover.model import Discovery, Evidence, ServiceSeen, Use

_NAME_CHARS_MAX = 24
_RESERVED = {"public", "freehold", "information_schema", "postgres", "template0", "template1"}
_COMMANDS = {
    "alembic": "alembic upgrade head",
    "prisma": "npx prisma migrate deploy",
    "django": "python manage.py migrate",
    "flyway": "flyway migrate",
    "liquibase": "liquibase update",
    "entity framework": "dotnet ef database update",
}
_RANKS = {"live": 0, "configured": 1, "default": 2, "example": 3}


def declaration(discovery: Discovery) -> str:
    """The text of a freehold.yaml. Raises ValueError when nothing in the repository has data on PostgreSQL."""
    owning = [service for service in discovery.services if service.databases or service.schemas or service.tables]
    if not owning:
        raise ValueError("no service in it uses PostgreSQL")
    names = _unique([_word(service.name, "-") or "service" for service in owning])
    schemas = _schemas(owning, names)
    homes = {service.name: _home(discovery, service) for service in owning}
    common = Counter(use.database for use in homes.values() if use is not None)
    together = len(owning) > 1 and len(common) == 1 and all(homes.values())
    return "\n".join(
        (
            f"# Written by `freehold init --from`: what was found in {_line(discovery.root or 'a server')}.",
            "# A line with a comment behind it is a guess; the comment says where it comes from. Read them all, then:",
            "# freehold validate, freehold up.",
            "",
            f"platform: {_quoted(_platform(discovery.root))}",
            "",
            _layout(together),
            "",
            "servers:",
            '  main: embedded  # a PostgreSQL that Freehold starts; write {url: "env:DATABASE_ADMIN_URL"} for yours',
            "",
            "services:",
            *(
                line
                for service, name in zip(owning, names, strict=True)
                for line in _service(discovery, service, name, schemas[service.name], homes[service.name], common)
            ),
        )
    )


def _platform(root: str) -> str:
    """A name that begins roles and databases, so none that PostgreSQL keeps for itself."""
    word = _word(root, "-") or "platform"
    kept = word in _RESERVED or word == "pg" or word.startswith("pg-")
    return f"my-{word}" if kept else word


def _layout(together: bool) -> str:
    word = "schema-per-service" if together else "database-per-service"
    why = "all services share one database" if together else "services have databases of their own"
    return f"layout: {word}  # {why} in what was read; freehold discover says what fits best"


def _service(
    discovery: Discovery,
    service: ServiceSeen,
    name: str,
    schemas: tuple[str, ...],
    home: Use | None,
    common: Counter[str],
) -> Iterator[str]:
    yield f"  {_quoted(name)}:  # {_line(service.name)}, {service.confidence:.0%} sure{_at(service.evidence[:1])}"
    foreign = not service.folder and not service.tables and not service.schemas
    if foreign and home is not None and common[home.database] == 1:
        yield "    schemas: []  # built elsewhere and alone in its database: a foreign application"
    else:
        found = [schema for schema in discovery.schemas if schema.service == service.name]
        why = _at([schema.at for schema in found][:1]) if found else "; no schema is named, so its name is taken"
        yield f"    schemas: [{', '.join(_quoted(schema) for schema in schemas)}]  # guess{why}"
    if home is not None:
        others = [use.database for use in _uses(discovery, service) if use.database != home.database]
        also = f"; also named: {', '.join(sorted(set(map(_line, others))))}" if others else ""
        yield f"    database: {_quoted(home.database)}  # guess{_at([home.at])}{also}"
    if service.tables:
        yield f"    # its tables: {_line(', '.join(service.tables[:12]))}{' ...' if len(service.tables) > 12 else ''}"
    for migrated in _migrations(discovery, service):
        command = _COMMANDS.get(migrated.tool, migrated.tool)
        where = _quoted(service.folder or ".")
        yield f"    # migrations: {{command: {_quoted(command)}, directory: {where}}}{_at([migrated.at])}"
    for crossing in discovery.crossings:
        if crossing.service == service.name:
            to = f"{crossing.to_table} of {crossing.to_service}"
            yield f"    # crosses into {_line(to)} by {crossing.how}: declare reads or references{_at([crossing.at])}"


def _schemas(owning: list[ServiceSeen], names: list[str]) -> dict[str, tuple[str, ...]]:
    """Schemas are unique in a platform: the first service keeps a name, another one gets its own."""
    taken: set[str] = set()
    found: dict[str, tuple[str, ...]] = {}
    for service, name in zip(owning, names, strict=True):
        wanted = [s for s in service.schemas if s not in taken and s not in _RESERVED and not s.startswith("pg_")]
        wanted = [s for s in wanted if _name(s)]
        if not wanted:
            own = _word(name, "_")
            own = f"{own}_data" if own in taken or own in _RESERVED else own
            own = f"my_{own}" if own.startswith("pg_") else own
            wanted = _unique([own], taken)
        taken.update(wanted)
        found[service.name] = tuple(wanted)
    return found


def _uses(discovery: Discovery, service: ServiceSeen) -> list[Use]:
    mine = [use for use in discovery.uses if use.service == service.name and use.environment != "test"]
    return sorted(mine, key=lambda use: (_RANKS.get(use.how, 9), bool(use.environment), -use.at.confidence, use.at))


def _home(discovery: Discovery, service: ServiceSeen) -> Use | None:
    """The database that the surest place names, if a service may be put there."""
    for use in _uses(discovery, service):
        if use.database not in _RESERVED and not use.database.startswith("pg_") and _name(use.database):
            return use
    return None


def _name(text: str) -> bool:
    """Whether PostgreSQL and a person can both read it as a name."""
    return text.isprintable() and 0 < len(text.encode("utf-8", "replace")) <= 63


def _migrations(discovery: Discovery, service: ServiceSeen) -> list[Migrated]:
    inside: dict[str, Migrated] = {}
    for migrated in discovery.of(Migrated):
        if service.folder and migrated.at.file.startswith(f"{service.folder}/"):
            inside.setdefault(migrated.tool, migrated)
    return list(inside.values())


def _unique(names: list[str], taken: set[str] | None = None) -> list[str]:
    seen: dict[str, int] = defaultdict(int)
    for name in taken or ():
        seen[name.replace("-", "_")] += 1
    found: list[str] = []
    for name in names:
        slug = name.replace("-", "_")
        while seen[slug]:
            seen[slug] += 1
            name = (
                f"{name[:_NAME_CHARS_MAX]}-{seen[slug]}" if "-" in name or "_" not in name else f"{name}_{seen[slug]}"
            )
            slug = name.replace("-", "_")
        seen[slug] += 1
        found.append(name)
    return found


def _word(text: str, joint: str) -> str:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return joint.join(words)[:_NAME_CHARS_MAX].strip(joint)


def _quoted(text: str) -> str:
    """A scalar of YAML that is read as this text, whatever it is."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_./ -]*", text) and not text.endswith(" ")
    if plain and text.lower() not in ("null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan"):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else "?" for c in escaped) + '"'
    )


def _at(places: list[Evidence] | tuple[Evidence, ...]) -> str:
    return f": {_line(places[0].shown().text)} ({_line(places[0].place)})" if places else ""


def _line(text: str) -> str:
    """Text that stays on one line of comment."""
    return "".join(character if character.isprintable() else " " for character in text)[:120]
