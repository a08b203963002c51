"""The positive control: a service reads and writes its own canary, its read-only login reads it and cannot write.

Tried: as each service's own logins, SELECT, INSERT, UPDATE and DELETE on its own canary. If these did not work, every
"held" of the proof would mean nothing.

Why: a platform that refuses everybody is not isolated, it is down.

Holds it: the grants on existing and future objects that `freehold apply` makes.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.asking import Answer, Run
from freehold.prove.judge import broken, evidence, held, in_database, refused, unknown
from freehold.prove.model import Attack, Canary, Conversation, Login, Piece, Result, Scene, Tell
from freehold.prove.pieces import rooms
from freehold.prove.scene import placement_of
from freehold.sqltext import Sql, ident, sql, words

_CODE = "own_access"
_MET = "55P03"
"""Another attacker holds the canary's row and is rolled back in a moment, so the question is put again."""
_TRIES = 5


def _split(scene: Scene) -> Iterator[Piece]:
    for login in scene.logins:
        if login.purpose not in ("app", "ro"):
            continue
        for placement in placement_of(scene, login):
            canary = scene.canaries.get(placement.service)
            if canary is not None and (placement.schemas or login.purpose == "app"):
                yield Piece(login, login.instance, placement.database, canary)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login, canary = piece.actor, piece.part
    assert login is not None
    assert isinstance(canary, Canary)
    if piece.database not in rooms(scene, login):
        door = scene.doors.get((piece.instance, piece.database, login.role), Answer(message="was not tried"))
        name = f"database {ident(piece.database)}"
        if not refused(door):
            tell(unknown(_CODE, login, canary.service, name, door))
            return
        tell(
            _missing(
                login,
                canary,
                name,
                "connect to",
                sql("GRANT CONNECT ON DATABASE {} TO {}", ident(piece.database), ident(login.role)),
                door,
            )
        )
        return
    table = ident(canary.schema, canary.table)
    statements: tuple[tuple[str, Sql], ...] = (
        ("SELECT", sql("SELECT token FROM {}", table)),
        ("INSERT", sql("INSERT INTO {} (token) VALUES ('x')", table)),
        ("UPDATE", sql("UPDATE {} SET token = 'x'", table)),
        ("DELETE", sql("DELETE FROM {}", table)),
    )
    answers = yield Run(piece.instance, piece.database, login.role, tuple(s for _, s in statements))
    for _ in range(_TRIES):
        met = [n for n, answer in enumerate(answers) if answer.sqlstate == _MET]
        if not met:
            break
        again = yield Run(piece.instance, piece.database, login.role, tuple(statements[n][1] for n in met))
        answers = tuple(again[met.index(n)] if n in met else answer for n, answer in enumerate(answers))
    for (privilege, statement), answer in zip(statements, answers, strict=True):
        shown = f"tables of schema {ident(canary.schema)}"
        wanted = login.purpose == "app" or privilege == "SELECT"
        if wanted and answer.ok and (privilege != "SELECT" or answer.rows == ((canary.token,),)):
            tell(held(login, canary.service))
        elif wanted and (answer.ok or refused(answer)):
            verb = {"SELECT": "read", "INSERT": "insert into", "UPDATE": "update", "DELETE": "delete from"}[privilege]
            tell(_missing(login, canary, shown, verb, _grant(canary, login, privilege), answer, statement))
        elif refused(answer) and not wanted:
            tell(held(login, canary.service))
        elif answer.ok and not wanted:
            tell(
                broken(
                    _CODE,
                    login,
                    canary.service,
                    shown,
                    f'read-only role "{login.role}" can {privilege} in its own service',
                    "A read-only login that writes is a second app login.",
                    evidence=(evidence(login, piece.instance, piece.database, statement, answer),),
                    remedy=f"ALTER DEFAULT PRIVILEGES FOR ROLE {ident(canary.owner)} IN SCHEMA {ident(canary.schema)}"
                    f" REVOKE {privilege} ON TABLES FROM {ident(login.role)};",
                )
            )
        else:
            tell(unknown(_CODE, login, canary.service, shown, answer))


def _grant(canary: Canary, login: Login, privilege: str) -> Sql:
    on, schema = ident(canary.owner), ident(canary.schema)
    return sql(
        "GRANT USAGE ON SCHEMA {} TO {};\nALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT {} ON TABLES TO {}",
        schema,
        ident(login.role),
        on,
        schema,
        words(privilege),
        ident(login.role),
    )


def _missing(
    login: Login, canary: Canary, shown: str, verb: str, remedy: Sql, answer: Answer, statement: Sql | str = "CONNECT"
) -> Result:
    return broken(
        _CODE,
        login,
        canary.service,
        shown,
        f'role "{login.role}" cannot {verb} {shown} of its own service',
        "The service itself does not work with this login.",
        evidence=(evidence(login, canary.instance, canary.database, statement, answer),),
        remedy=in_database(canary.database, f"{remedy};"),
        group=f"{login.role}:{verb}:{shown}",
    )


own_access = Attack("", "use one's own data (positive control)", _split, _play)
