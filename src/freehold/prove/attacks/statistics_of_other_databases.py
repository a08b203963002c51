"""Measure other databases: their size, their transactions, their locks.

Tried: as each service's app login, pg_database_size and pg_stat_database of every other database of the platform.

Why: transaction counts of a neighbour tell how its business goes.

Holds it off: the size needs CONNECT. pg_stat_database and pg_locks are visible to everybody inside one instance:
``instance-per-service`` prevents it.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.asking import Run
from freehold.prove.judge import broken, evidence, held, limit, unknown, verdict
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell, Verdict
from freehold.prove.pieces import at_home
from freehold.prove.scene import may_enter
from freehold.prove.why import of_acl, told
from freehold.sqltext import ident, literal, sql

_CODE = "statistics_of_other_databases"
_PREVENTED_BY = ("instance-per-service",)


def _split(scene: Scene) -> Iterator[Piece]:
    return (piece for piece in at_home(scene, ("app",)) if piece.actor and piece.actor.service)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    assert login is not None
    server = scene.found.servers[piece.instance]
    homes = {
        database: p.service
        for p in scene.placements.services
        for instance, database in [(p.instance, p.database)]
        if instance == piece.instance
    }
    others = [name for name in sorted(homes) if not may_enter(scene, login, piece.instance, name)]
    sizes = tuple(sql("SELECT pg_catalog.pg_database_size({}::pg_catalog.name)", literal(name)) for name in others)
    counts = tuple(
        sql("SELECT xact_commit FROM pg_catalog.pg_stat_database WHERE datname = {}", literal(name)) for name in others
    )
    answers = yield Run(piece.instance, piece.database, login.role, sizes + counts)
    for name, statement, answer in zip(others, sizes, answers[: len(others)], strict=True):
        shown = f"database {ident(name)}"
        match verdict(answer):
            case Verdict.HELD:
                tell(held(login, homes[name]))
            case Verdict.BROKEN:
                row = server.databases[name]
                on = sql("DATABASE {}", ident(name))
                place = f"{piece.instance}/{name}"
                grounds = (
                    *of_acl(server, login.role, row.owner, row.acl, ("CONNECT",), on, place),
                    *of_acl(server, login.role, "", frozenset(), ("USAGE",), on, place),
                )
                detail, remedy, group = told(grounds)
                tell(
                    broken(
                        _CODE,
                        login,
                        homes[name],
                        shown,
                        f'role "{login.role}" can measure the size of {shown}',
                        detail,
                        evidence=(evidence(login, piece.instance, piece.database, statement, answer),),
                        remedy=remedy,
                        group=f"{shown}{group}",
                    )
                )
            case _:
                tell(unknown(_CODE, login, homes[name], shown, answer))
    for statement, answer in zip(counts, answers[len(others) :], strict=True):
        if answer.ok and answer.rows:
            tell(
                limit(
                    _CODE,
                    login,
                    "",
                    f"instance {piece.instance}",
                    "transactions, rows and locks of other databases can be counted by every login",
                    "pg_stat_database and pg_locks are readable by everybody.",
                    _PREVENTED_BY,
                    evidence=(evidence(login, piece.instance, piece.database, statement, answer),),
                )
            )
        elif answer.ok:
            tell(held(login))
        else:
            tell(unknown(_CODE, login, "", f"instance {piece.instance}", answer))


statistics_of_other_databases = Attack("I6", "measure other databases", _split, _play, _PREVENTED_BY)
