"""Declared reads, references and publications must work.

Tried: as each service's logins, a SELECT on every table it declares to read; where that lives in another database, a
whole row through its foreign table or replica; as the analytics login, on every table that is published; whether each
owner role may refer to the tables it declares references to.

Why: isolation that breaks what was agreed gets switched off.

Holds it: the grants of `freehold apply`, and its foreign tables and replicas. A reference that crosses databases cannot
be a foreign key: a layout in which both services share a database serves it.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.model import Placement
from freehold.prove.asking import Answer, As, Run
from freehold.prove.judge import broken, evidence, held, in_database, limit, refused, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, Tell
from freehold.prove.scene import contents, placement_of, published
from freehold.spec.model import TableName
from freehold.sqltext import Sql, ident, literal, sql

_CODE = "declared_reads"
_SERVED_BY = ("schema-per-service", "groups")
_DOES_NOT_WORK = ("08", "22", "28", "42", "3F", "HV")
"""Classes of errors that say that a mirror is missing, leads nowhere, or is not like its source."""
_ABSENT = "The table does not exist."
_NOTHING = Answer(sqlstate="42P01", message="no such table")


def _split(scene: Scene) -> Iterator[Piece]:
    homes = {schema: p for p in scene.placements.services for schema in p.schemas}
    for login in scene.logins:
        if login.purpose in ("app", "ro"):
            for placement in placement_of(scene, login):
                for name in scene.platform.service(placement.service).reads:
                    home = homes.get(name.schema)
                    if home is not None and (login.purpose == "app" or placement.schemas):
                        yield Piece(login, placement.instance, placement.database, (name, placement.service))
        elif login.purpose == "analytics":
            for name in published(scene.platform):
                home = homes.get(name.schema)
                if home is not None and home.instance == login.instance:
                    yield Piece(login, home.instance, home.database, (name, ""))
    for placement in scene.placements.services:
        owner = Login(placement.roles.owner, "owner", placement.service, placement.instance, placement.database)
        for reference in scene.platform.service(placement.service).references:
            if reference.to_table.schema in homes:
                yield Piece(owner, placement.instance, placement.database, (reference.to_table, placement.service))


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    assert login is not None
    assert isinstance(piece.part, tuple)
    name, service = piece.part
    assert isinstance(name, TableName)
    home = next(p for p in scene.placements.services if name.schema in p.schemas)
    shown = f"table {ident(name.schema)}.{'*' if name.table == '*' else ident(name.table)}"
    if (home.instance, home.database) != (piece.instance, piece.database):
        if login.purpose != "owner":
            yield from _through(scene, piece, login, home, name, tell)
            return
        tell(
            limit(
                _CODE,
                login,
                home.service,
                shown,
                f'service "{service}" declares to refer to {shown}, which stands in another database',
                "No foreign key reaches across databases.",
                _SERVED_BY,
                remedy=f"Put services {service!r} and {home.service!r} into one group.",
                group=f"{service}:{shown}",
            )
        )
        return
    canary = scene.canaries.get(home.service)
    table = name.table
    if table == "*":
        if canary is None or canary.schema != name.schema:
            return
        table = canary.table
    target = ident(name.schema, table)
    if login.purpose == "owner":
        statement = sql("SELECT pg_catalog.has_table_privilege({}, 'REFERENCES')", literal(str(target)))
        answer = (yield As(piece.instance, piece.database, login.role, (statement,)))[0]
        if answer.ok and answer.rows and answer.rows[0][0] == "f":
            answer = Answer(sqlstate="42501", message="permission denied")
        _judge(login, piece, home.service, shown, "REFERENCES", home.roles.owner, name, statement, answer, tell)
        return
    statement = sql("SELECT FROM {} LIMIT 0", target)
    answer = (yield Run(piece.instance, piece.database, login.role, (statement,)))[0]
    _judge(login, piece, home.service, shown, "SELECT", home.roles.owner, name, statement, answer, tell)


def _through(scene: Scene, piece: Piece, login: Login, home: Placement, name: TableName, tell: Tell) -> Conversation:
    """Whole rows through the mirrors of a table, or of all tables of a schema."""
    source = contents(scene.found, home.instance, home.database)
    there = sorted(shape.name for shape in source.shapes if shape.schema == name.schema)
    tables = [table for table in there if name.table in ("*", table)]
    if not tables:
        if name.table != "*":
            tell(unknown(_CODE, login, home.service, f"table {ident(*_pair(name))}", _NOTHING, why=_ABSENT))
        return
    statements = tuple(
        sql("SELECT pg_catalog.count(t) FROM (SELECT * FROM {} LIMIT 1) AS t", ident(name.schema, table))
        for table in tables
    )
    answers = yield Run(piece.instance, piece.database, login.role, statements)
    for table, statement, answer in zip(tables, statements, answers, strict=True):
        shown = f"table {ident(name.schema, table)}"
        if answer.ok:
            tell(held(login, home.service))
        elif answer.sqlstate.startswith(_DOES_NOT_WORK):
            place = f'database "{home.database}" of instance "{home.instance}"'
            tell(
                broken(
                    _CODE,
                    login,
                    home.service,
                    shown,
                    f'role "{login.role}" cannot read {shown} of {place}, which is declared',
                    f"What stands for it in its own database does not work: {answer.message}",
                    evidence=(evidence(login, piece.instance, piece.database, statement, answer),),
                    remedy="freehold apply",
                    group=f"{login.role}:{shown}",
                )
            )
        else:
            tell(unknown(_CODE, login, home.service, shown, answer))


def _pair(name: TableName) -> tuple[str, str]:
    return name.schema, name.table


def _judge(
    login: Login,
    piece: Piece,
    target: str,
    shown: str,
    privilege: str,
    owner: str,
    name: TableName,
    statement: Sql,
    answer: Answer,
    tell: Tell,
) -> None:
    if answer.ok:
        tell(held(login, target))
    elif refused(answer):
        who, schema = ident(login.role), ident(name.schema)
        if name.table == "*":
            grant = (
                f"GRANT {privilege} ON ALL TABLES IN SCHEMA {schema} TO {who};\n"
                f"ALTER DEFAULT PRIVILEGES FOR ROLE {ident(owner)} IN SCHEMA {schema}"
                f" GRANT {privilege} ON TABLES TO {who};"
            )
        else:
            grant = f"GRANT {privilege} ON TABLE {ident(name.schema, name.table)} TO {who};"
        tell(
            broken(
                _CODE,
                login,
                target,
                shown,
                f'role "{login.role}" cannot use {shown}, which is declared',
                f"It lacks {privilege} on the table or USAGE on the schema.",
                evidence=(evidence(login, piece.instance, piece.database, statement, answer),),
                remedy=in_database(piece.database, f"GRANT USAGE ON SCHEMA {schema} TO {who};\n{grant}"),
                group=f"{login.role}:{shown}",
            )
        )
    else:
        why = "The table does not exist." if answer.sqlstate in ("42P01", "3F000") else ""
        tell(unknown(_CODE, login, target, shown, answer, why=why))


declared_reads = Attack("", "use what is declared (positive control)", _split, _play, _SERVED_BY)
