"""What is to be said about a checked reference: findings with the declaration's line, the first keys, and a remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from freehold.audit.fit import is_unique
from freehold.audit.model import Checked, Link, Orphan
from freehold.finding import Evidence, Finding, Level
from freehold.spec.model import Ignore
from freehold.spec.names import show_table
from freehold.sqltext import Sql, ident, join, literal, quote_ident, sql


def findings(checked: Checked) -> Iterator[Finding]:
    """Everything that is wrong or weak about one reference."""
    if checked.trouble is not None:
        trouble = checked.trouble
        yield _finding(checked.link, trouble.code, Level.ERROR, trouble.title, trouble.detail, remedy=trouble.remedy)
        return
    if checked.orphans:
        yield _orphaned(checked)
    if checked.unsettled:
        yield _finding(
            checked.link,
            "reference_unsettled",
            Level.WARNING,
            f"{_count(checked.unsettled, 'key')} changed at every look, so nothing is said about them",
            "Their rows lacked a parent at first and were written again each time they were looked at.",
            remedy="freehold check-references",
        )
    if checked.parent is not None and not is_unique(checked.link.parent, checked.parent):
        yield _not_unique(checked.link)
    if checked.link.together:
        yield from _constraint(checked)


def split(
    some: Sequence[Finding], ignores: Sequence[Ignore], today: str
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """(kept, ignored): a finding is ignored while an entry with its key has no day, or a day that is not past."""
    live = {ignore.key for ignore in ignores if not ignore.until or ignore.until >= today}
    return tuple(one for one in some if one.key not in live), tuple(one for one in some if one.key in live)


def name(link: Link) -> str:
    """The reference in SQL's words: ``"a"."b" ("c") -> "d"."e" ("f")``."""
    ends = [
        f"{show_table(end.table)} ({', '.join(quote_ident(column) for column in end.columns)})"
        for end in (link.child, link.parent)
    ]
    return " -> ".join(ends)


def _orphaned(checked: Checked) -> Finding:
    link = checked.link
    seen = tuple(Evidence(f"{_key(link, orphan)} in {_count(orphan.rows, 'row')}") for orphan in checked.first)
    more = checked.orphans - len(checked.first)
    return _finding(
        link,
        "orphaned_reference",
        Level.ERROR,
        f"{_count(checked.orphans, 'key')} in {_count(checked.orphan_rows, 'row')} of {show_table(link.child.table)} "
        f"{'has' if checked.orphans == 1 else 'have'} no row in {show_table(link.parent.table)}",
        f'Service "{link.child.service}" refers to rows that service "{link.parent.service}" does not have. Either '
        f"restore them there, or end the reference here.{f' {more} more: --output FILE writes all.' if more else ''}",
        evidence=seen,
        remedy=_release(checked) if seen else "",
    )


def _release(checked: Checked) -> str:
    """SQL that ends the references of the listed keys: NULL where the columns take it, else the rows go."""
    link = checked.link
    table = ident(link.child.table.schema, link.child.table.table)
    columns = [ident(column) for column in link.child.columns]
    keys = join(", ", [sql("({})", join(", ", [literal(value) for value in orphan.key])) for orphan in checked.first])
    where = sql("({}) IN ({})", join(", ", columns), keys)
    nullable = [column.name for column in checked.child.columns if column.nullable] if checked.child else []
    if nullable:
        statement: Sql = sql("UPDATE {} SET {} = NULL WHERE {};", table, ident(nullable[0]), where)
    else:
        statement = sql("DELETE FROM {} WHERE {};", table, where)
    return f"-- in database {quote_ident(link.child.database)}\n{statement}"


def _not_unique(link: Link) -> Finding:
    parent = link.parent
    columns = ", ".join(quote_ident(column) for column in parent.columns)
    return _finding(
        link,
        "reference_target_not_unique",
        Level.WARNING,
        f"several rows of {show_table(parent.table)} can have the same {columns}",
        "Orphans are found all the same, but a key does not say which row is meant, and PostgreSQL would refuse a real "
        "foreign key to these columns.",
        remedy=f"-- in database {quote_ident(parent.database)}\n"
        f"ALTER TABLE {show_table(parent.table)} ADD UNIQUE ({columns});",
    )


def _constraint(checked: Checked) -> Iterator[Finding]:
    link, found = checked.link, checked.constraint
    child, parent = show_table(link.child.table), show_table(link.parent.table)
    where = f"-- in database {quote_ident(link.child.database)}\n"
    if found is None:
        columns = [", ".join(quote_ident(column) for column in end.columns) for end in (link.child, link.parent)]
        yield _finding(
            link,
            "reference_without_constraint",
            Level.INFO,
            f"no foreign key holds it, though {child} and {parent} are in one database",
            "Under this layout PostgreSQL can keep orphans out; only a check like this one sees them otherwise.",
            remedy=f"{where}ALTER TABLE {child} ADD FOREIGN KEY ({columns[0]}) REFERENCES {parent} ({columns[1]}) "
            "NOT VALID;",
        )
        return
    constraint = quote_ident(found.name)
    if not found.fires:
        what, remedy = "its triggers are disabled", f"ALTER TABLE {child} ENABLE TRIGGER ALL;"
        remedy += f" ALTER TABLE {parent} ENABLE TRIGGER ALL;"
    elif not found.enforced:
        what, remedy = "it is NOT ENFORCED", f"ALTER TABLE {child} ALTER CONSTRAINT {constraint} ENFORCED;"
    elif not found.validated:
        what, remedy = "it is NOT VALID", f"ALTER TABLE {child} VALIDATE CONSTRAINT {constraint};"
    else:
        return
    yield _finding(
        link,
        "reference_constraint_open",
        Level.WARNING,
        f"foreign key {constraint} of {child} does not hold: {what}",
        "The constraint is there and rows without a parent can be in the table or get into it.",
        remedy=where + remedy,
    )


def _finding(
    link: Link,
    code: str,
    level: Level,
    title: str,
    detail: str,
    *,
    evidence: tuple[Evidence, ...] = (),
    remedy: str = "",
) -> Finding:
    declared = (Evidence(link.text or name(link), link.file, link.line),) if link.file else ()
    return Finding(
        code, level, link.child.service, f"reference {name(link)}", title, detail, declared + evidence, remedy
    )


def _key(link: Link, orphan: Orphan) -> str:
    pairs = zip(link.child.columns, orphan.key, strict=True)
    return ", ".join(f"{quote_ident(column)} = {value}" for column, value in pairs)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
