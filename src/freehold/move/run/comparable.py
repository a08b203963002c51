"""What must hold before two sides can be compared: the same tables on both, each published, each filled."""

from __future__ import annotations

from freehold.errors import ServerError, Unverified
from freehold.move.model import Inventory
from freehold.move.names import BARRIER
from freehold.move.verify import compare
from freehold.move.verify.model import SequenceGap
from freehold.ports import Session
from freehold.spec.model import TableName
from freehold.sqltext import ident, literal, sql


def fits(mine: Inventory, theirs: Inventory) -> None:
    """See that everything that is to be compared is there on the other side too."""
    there = {one.name: one for one in theirs.stored}
    where = f'database "{theirs.side.database}" of instance "{theirs.side.instance}"'
    for table in mine.stored:
        shown = f'"{table.name.schema}"."{table.name.table}"'
        if table.name not in there:
            raise Unverified(f"table {shown} is missing in {where}", hint="Compare the structures first.")
        lacking = {one.name for one in table.columns} - {one.name for one in there[table.name].columns}
        if lacking:
            raise Unverified(
                f'column "{min(lacking)}" of table {shown} is missing in {where}', hint="Compare the structures first."
            )
    more = sorted((one.schema, one.table) for one in there.keys() - {one.name for one in mine.stored})
    if more:
        raise Unverified(
            f'table "{more[0][0]}"."{more[0][1]}" is in {where} only',
            hint="Compare the structures first: the home of the service does not have it.",
        )


def published(session: Session, name: str, mine: Inventory) -> None:
    """See that every table is in the publication, with all that is done to it."""
    found = session.query(
        sql(
            "SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate FROM pg_catalog.pg_publication"
            " WHERE pubname = {}",
            literal(name),
        )
    )
    if found != [(True,)]:
        raise Unverified(
            f'publication "{name}" is not there, or leaves changes out',
            hint="Only a service that is followed can be verified; see `freehold move status`.",
        )
    rows = session.query(
        sql("SELECT schemaname, tablename FROM pg_catalog.pg_publication_tables WHERE pubname = {}", literal(name))
    )
    published = {TableName(str(schema), str(table)) for schema, table in rows}
    lacking = [one.name for one in mine.stored if one.name not in published]
    if TableName(*BARRIER) not in published:
        lacking.append(TableName(*BARRIER))
    if lacking:
        shown = ", ".join(f'"{one.schema}"."{one.table}"' for one in lacking[:5])
        raise Unverified(
            f"{len(lacking)} tables are not followed: {shown}",
            hint=f'They are not in publication "{name}": what is written there does not arrive on the other side.',
        )


def filled(session: Session, name: str, mine: Inventory) -> None:
    """See that every table is filled: one that was made anew is another table to the worker, which passes it."""
    rows = session.query(
        sql(
            "SELECT n.nspname, c.relname FROM pg_catalog.pg_subscription AS s JOIN pg_catalog.pg_subscription_rel"
            " AS r ON r.srsubid = s.oid JOIN pg_catalog.pg_class AS c ON c.oid = r.srrelid"
            " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE s.subname = {} AND r.srsubstate IN ('r', 's')",
            literal(name),
        )
    )
    known = {TableName(str(schema), str(table)) for schema, table in rows}
    lacking = [one.name for one in mine.stored if one.name not in known]
    if lacking:
        shown = ", ".join(f'"{one.schema}"."{one.table}"' for one in lacking[:5])
        raise Unverified(
            f"{len(lacking)} tables are not filled: {shown}",
            hint=f'Subscription "{name}" does not know them, or has not got them ready; see the server\'s log.',
        )


def index(session: Session, table: TableName) -> tuple[str, ...]:
    """The columns of a table's replica identity index, where it has one."""
    rows = session.query(
        sql(
            "SELECT a.attname FROM pg_catalog.pg_index AS i CROSS JOIN LATERAL pg_catalog.unnest(i.indkey)"
            " WITH ORDINALITY AS k(attnum, n) JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid"
            " AND a.attnum = k.attnum WHERE i.indisreplident AND k.n <= i.indnkeyatts"
            " AND i.indrelid = {}::pg_catalog.regclass ORDER BY k.n",
            literal(ident(table.schema, table.table).shown()),
        )
    )
    return tuple(str(name) for (name,) in rows)


def gaps(home: Session, fed: Session, mine: Inventory) -> tuple[SequenceGap, ...]:
    """Sequences that stand elsewhere on the fed side."""
    names = [(one.name.schema, one.name.table) for one in mine.sequences]
    if not names:
        return ()
    try:
        here, there = home.query(compare.standing(names)), fed.query(compare.standing(names))
    except ServerError as error:
        raise Unverified(f"a sequence cannot be read: {error.message}", hint="Compare the structures first.") from None
    at = {(s, n): str(value) for s, n, value in there}
    return tuple(
        SequenceGap(TableName(str(s), str(n)), str(value), at[s, n])
        for s, n, value in here
        if at.get((s, n)) != str(value)
    )
