"""Whether a declared reference can be what it says, judged by what the catalogs of both ends hold."""

from __future__ import annotations

from freehold.audit.catalog import HOLDS_ROWS
from freehold.audit.keys import UTF8, Part, matched, unfit
from freehold.audit.model import End, Link, Table, Trouble
from freehold.audit.questions import Comparison
from freehold.spec.names import show_table
from freehold.sqltext import ident, quote_ident, sql


def fit(link: Link, child: Table | None, parent: Table | None) -> Comparison | Trouble:
    """How the two ends are compared, or why they cannot be."""
    if isinstance(one_end := _sound(link.child, child), Trouble):
        return one_end
    if isinstance(other_end := _sound(link.parent, parent), Trouble):
        return other_end
    sides: tuple[list[Part], list[Part]] = ([], [])
    for one, other in zip(one_end.columns, other_end.columns, strict=True):
        kind = matched(one, other)
        if kind is None:
            return Trouble(
                "reference_types_differ",
                f"column {quote_ident(one.name)} has the type {one.shown}, and {quote_ident(other.name)} of "
                f"{show_table(link.parent.table)} has the type {other.shown}",
                "Keys of these two types cannot be compared without guessing how one is written in the other. The "
                "types that belong together are listed on the page about key types.",
                _remedy_types(link, one.name, other.shown),
            )
        for column, end, table in ((one, link.child, one_end), (other, link.parent, other_end)):
            why = "" if link.together else unfit(kind, column, table.encoding)
            if why:
                return Trouble(
                    "reference_types_differ",
                    f"column {quote_ident(column.name)} of {show_table(end.table)} cannot be compared with another "
                    "database",
                    f"It has the type {column.shown}: {why}.",
                )
        coded = not link.together and kind.characters
        sides[0].append(Part(kind, one, coded and one_end.encoding != UTF8))
        sides[1].append(Part(kind, other, coded and other_end.encoding != UTF8))
    return Comparison(link, tuple(sides[0]), tuple(sides[1]))


def is_unique(end: End, table: Table) -> bool:
    """Whether at most one row of the table can have a key."""
    return any(columns <= set(end.columns) for columns in table.unique)


def _sound(end: End, table: Table | None) -> Table | Trouble:
    name = show_table(end.table)
    where = f"database {quote_ident(end.database)} on instance {quote_ident(end.instance)}"
    if table is None:
        return Trouble(
            "reference_table_missing",
            f"there is no table {name} in {where}",
            f'It belongs to service "{end.service}", whose migrations have not made it, or the reference names '
            "another one than it means.",
            "freehold plan",
        )
    if table.kind not in HOLDS_ROWS:
        return Trouble(
            "reference_not_a_table",
            f"{name} in {where} is a {table.kind}",
            "A reference is checked between tables; reading this would run somebody else's code or another server's.",
        )
    missing = [name for name in end.columns if name not in {column.name for column in table.columns}]
    if missing:
        return Trouble(
            "reference_column_missing",
            f"table {name} in {where} has no column {', '.join(quote_ident(column) for column in missing)}",
            "The declaration and the migrations do not agree about it.",
            "freehold plan",
        )
    if not table.readable:
        return Trouble(
            "reference_not_checked",
            f"Freehold's login may not read {name} in {where}",
            "Nothing is known about this reference.",
            f"GRANT USAGE ON SCHEMA {quote_ident(end.table.schema)} TO {quote_ident(table.login)}; "
            f"GRANT SELECT ON {name} TO {quote_ident(table.login)};",
            unknown=True,
        )
    return table


def _remedy_types(link: Link, column: str, shown: str) -> str:
    """Give the child's column the type of the parent's, on a quiet table."""
    statement = sql(
        "ALTER TABLE {} ALTER COLUMN {} TYPE ",
        ident(link.child.table.schema, link.child.table.table),
        ident(column),
    )
    return f"{statement}{shown} USING {quote_ident(column)}::text::{shown};"
