"""A database has settings for everybody who connects to it, and the other home has others.

What the old home gives to the service's logins goes along as settings of these logins at the new home, so that nobody
else there is touched; who else connects needs them anew. What only the new home gives to everybody, the service gets
there too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from freehold.finding import Level
from freehold.move.facts import Facts, SideFacts
from freehold.move.preflight._kind import Note, check, instance
from freehold.plan.values import setting_sql
from freehold.sqltext import Sql, ident, quote_ident, sql


@check(Level.WARNING)
def database_settings(facts: Facts) -> Iterator[Note]:
    source, target = _of(facts.source), _of(facts.target)
    old, new = facts.move.source, facts.move.target
    if old.instance == new.instance:
        source, target = ({key: value for key, value in of.items() if key[1]} for of in (source, target))
    for key in sorted(source.keys() | target.keys()):
        name, here = key
        mine, theirs = source.get(key), target.get(key)
        of = "everybody in its database" if here else "everybody"
        if theirs is None and mine is not None:
            yield Note(
                f"setting {quote_ident(name)} of {of} on {instance(facts.source)}",
                f"it is {mine} there: the service's logins keep it, and nobody else at the new home gets it",
                sql("{} SET {} = {}", _whose(new.database, here), _name(name), setting_sql(name, mine)).shown(),
                level=Level.INFO,
            )
        elif mine is None and theirs is not None:
            yield Note(
                f"setting {quote_ident(name)} of {of} on {instance(facts.target)}",
                f"it is {theirs} there and not set at the old home: the service gets it too",
                sql("{} RESET {}", _whose(new.database, here), _name(name)).shown(),
            )


def _of(side: SideFacts) -> Mapping[tuple[str, bool], str]:
    found: dict[tuple[str, bool], str] = {}
    for (role, here), lines in side.given_settings.items():
        for line in lines if not role else ():
            name, _, value = line.partition("=")
            found[name, here] = value
    return found


def _whose(database: str, here: bool) -> Sql:
    return sql("ALTER DATABASE {}", ident(database)) if here else sql("ALTER ROLE ALL")


def _name(setting: str) -> Sql:
    return ident(*setting.split("."))
