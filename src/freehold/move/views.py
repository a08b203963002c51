"""Materialized views: what they hold, in the order in which one may be filled after those that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from freehold.sqltext import Sql, join, keyword, literal, raw, sql

_VIEWS = """\
WITH RECURSIVE uses (view, base) AS (
  SELECT DISTINCT w.ev_class, d.refobjid FROM pg_catalog.pg_rewrite AS w
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
     AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> w.ev_class
), reach (view, base) AS (
  SELECT u.view, u.base FROM uses AS u UNION SELECT r.view, u.base FROM reach AS r JOIN uses AS u ON u.view = r.base
)
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), c.relispopulated, pg_catalog.pg_relation_filenode(c.oid)
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm' AND n.nspname = ANY (ARRAY[{}]::name[])
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x WHERE x.classid = 'pg_catalog.pg_class'::regclass
       AND x.objid = c.oid AND x.deptype = 'e')
 ORDER BY (SELECT pg_catalog.count(*) FROM reach AS r JOIN pg_catalog.pg_class AS b ON b.oid = r.base
     AND b.relkind = 'm' WHERE r.view = c.oid), 1"""
"""Whoever reads more of them, also through others, comes later: what it reads always reads fewer."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a view holds: nothing where it was never filled; else its file, and its rows as a number and a sum of what
    each of them is as text, which is the same on every server whatever their order."""

    filled: bool
    file: str = ""
    rows: str = ""
    sum: str = ""

    def same(self, other: Held | None) -> bool:
        """Whether the contents are the same, wherever they lie."""
        return other is not None and (self.filled, self.rows, self.sum) == (other.filled, other.rows, other.sum)


def question(schemas: Iterable[str]) -> Sql:
    """Rows of a view, quoted as SQL, whether it is filled, and its file. The session's search_path must hold pg_catalog
    only."""
    return sql(_VIEWS, join(", ", [literal(name) for name in schemas]))


def contents(view: str) -> Sql:
    """One row: how many rows a filled view has, and their sum."""
    return sql(
        "SELECT pg_catalog.count(*)::text, coalesce(pg_catalog.sum(pg_catalog.hashtextextended(ROW(v.*)::text, 0)), 0)"
        "::text FROM {} AS v",
        raw(view),
    )


def refreshed(wanted: Mapping[str, Held], have: Mapping[str, Held]) -> Sequence[tuple[str, Sql]]:
    """What makes views hold what they hold across, in the order of ``have``, each by name. One that holds the same is
    left; one that reads another that is refreshed comes after it."""
    found: list[tuple[str, Sql]] = []
    for name, held in have.items():
        across = wanted.get(name)
        if across is not None and not across.same(held):
            end = keyword("") if across.filled else keyword(" WITH NO DATA")
            found.append((name, sql("REFRESH MATERIALIZED VIEW {}{}", raw(name), end)))
    return found
