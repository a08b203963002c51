"""PgBouncer's files, and which database a service comes to when it asks a pool for a name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from freehold.discover.connections import POSTGRESQL
from freehold.discover.engines import of_image
from freehold.discover.facts import DatabaseMade, Deployed, Fact, Pooled, Server
from freehold.discover.model import Evidence, Use

_LINE = re.compile(r"^\s*(?P<alias>\"(?:[^\"]|\"\")+\"|[^\s=;#\[\"]+)\s*=\s*(?P<words>.*)$")
_WORD = re.compile(r"(?P<key>\w+)\s*=\s*(?P<value>'(?:[^']|'')*'|[^\s']\S*|)")
_POOLER = re.compile(r"pgbouncer|pgcat|odyssey|pgpool", re.IGNORECASE)
EVERY = "*"


def lines_of(text: str, at: Callable[[int, str], Evidence]) -> Iterator[Pooled]:
    """The ``[databases]`` of a ``pgbouncer.ini``; lines are counted from 1."""
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip().startswith("["):
            section = line.strip().strip("[]").lower()
        elif section == "databases" and (match := _LINE.match(line)):
            words = {m["key"]: _plain(m["value"], "'") for m in _WORD.finditer(match["words"])}
            alias = _plain(match["alias"], '"')
            database = words.get("dbname") or ("" if alias == EVERY else alias)
            yield Pooled(alias, database, words.get("host", ""), at(number, line))


def _plain(text: str, mark: str) -> str:
    return text[1:-1].replace(mark * 2, mark) if text.startswith(mark) and text.endswith(mark) else text


class Pools:
    """The pools of a repository. Hosts are known as pools by what runs there."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        facts = tuple(facts)
        self._made = {fact.database for fact in facts if isinstance(fact, DatabaseMade)}
        self._hosts = {fact.name for fact in facts if isinstance(fact, Deployed) and _POOLER.search(fact.image)}
        self._servers = {fact.name for fact in facts if isinstance(fact, Server)}
        self._servers |= {f.name for f in facts if isinstance(f, Deployed) and of_image(f.image) == POSTGRESQL}
        self._lines: dict[str, list[Pooled]] = defaultdict(list)
        for fact in facts:
            if isinstance(fact, Pooled):
                self._lines[fact.alias].append(fact)
                if fact.server:
                    self._hosts.add(fact.server)

    def resolved(self, uses: Iterable[Use]) -> Iterator[Use]:
        """The uses, with the database behind the name that a pool is asked for in its place."""
        uses = tuple(uses)
        direct: dict[tuple[str, str], set[str]] = defaultdict(set)
        for use in uses:
            if use.direct:
                direct[use.service, use.environment].add(use.database)
        for use in uses:
            database = use.database if use.direct else self._behind(use)
            beside = direct[use.service, use.environment]
            if not database and len(beside) == 1:
                database = min(beside)
            through = not use.direct and (bool(database) or use.server in self._hosts)
            yield replace(use, database=database or use.database, alias=use.database) if through else use

    def _behind(self, use: Use) -> str:
        """The database that this name leads to, empty where no line says so or it asks a server."""
        pool = use.server in self._hosts
        if not pool and (use.database in self._made or use.server in self._servers):
            return ""
        for alias in (use.database, *((EVERY,) if pool else ())):
            found = self._lines.get(alias, [])
            near = [line for line in found if pool and use.server in (line.server, *line.at.file.split("/"))] or found
            names = {line.database for line in near}
            if len(names) == 1 and (database := names.pop()):
                return database
        return ""
