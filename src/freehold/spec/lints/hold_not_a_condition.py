"""The condition of a legal hold is not one SQL condition.

Why: a hold that cannot be read holds nothing, or everything; it is better to know before the first row is removed.

Bad:
    platform: shop
    services:
      users:
        retention: {users.login: {by: at, keep: 1 year, hold: {where: "state = "}}}

Good:
    platform: shop
    services:
      users:
        retention: {users.login: {by: at, keep: 1 year, hold: {where: "state = 'disputed'"}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import show_table, written_table
from freehold.sqldepth import tree_of


@lint()
def hold_not_a_condition(platform: Platform) -> Iterator[Note]:
    for service in platform.services:
        for retention in service.retention:
            if retention.hold is not None and retention.hold.where and not _condition(retention.hold.where):
                message = f"the hold of table {show_table(retention.table)} is not one SQL condition"
                hint = "Write what stands after WHERE, about columns of the table, as state = 'disputed'."
                path = ("retention", written_table(retention.table), "hold", "where")
                yield Note(("services", service.name, *path), message, hint, service.name, show_table(retention.table))


def _condition(text: str) -> bool:
    import postgast  # a fifth of a second, and only those who declare a condition pay it

    def clauses(middle: str) -> list[str]:
        found = tree_of(f"SELECT 1 WHERE {middle}").stmts
        select = found[0].stmt.select_stmt
        return [field.name for field, _ in select.ListFields() if len(found) == 1 and field.name not in _USUAL]

    try:
        alone, inside = clauses(text), clauses(f"(\n{text}\n)")
    except (postgast.PgQueryError, UnicodeError, ValueError, RecursionError):
        return False
    # a text that closes the bracket itself, or adds a clause, is another statement outside the brackets
    return alone == inside == ["where_clause"]


_USUAL = frozenset({"target_list", "limit_option", "op"})
