"""Come in at the other home of a service that is on the move.

Tried: each login of another service or of the platform, with its own password, at the door of the database that the
service came from or goes to, where no service lives; and, by the catalogs, every login role of that server that may
connect there. What the move itself needs there is expected, and listed: the service's own logins, those that follow
it, those of the platform.

Why: while a service is on the move all of its rows are in two places, and the second one stands in no declaration.

Holds it off: a move makes that home as a plan would: CONNECT for those who work there and nobody else. A home in which
other services live is attacked as theirs.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Evidence
from freehold.found.model import Server
from freehold.prove.asking import Answer, Probe
from freehold.prove.judge import broken, evidence, held, refused, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, SecondHome, Tell
from freehold.prove.scene import passing_at
from freehold.prove.why import of_acl, told
from freehold.sqltext import ident, keyword, sql

_CODE = "second_home"


def _split(scene: Scene) -> Iterator[Piece]:
    lived_in = {(one.instance, one.database) for one in scene.placements.services}
    for home in scene.second:
        if (home.instance, home.database) not in lived_in:
            yield Piece(None, home.instance, home.database, home)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    home = piece.part
    assert isinstance(home, SecondHome)
    server = scene.beyond.servers.get(home.instance)
    if server is None:
        tell(unknown(_CODE, None, home.service, _door(home), Answer(sqlstate="08001"), why="No server answers there."))
        return
    if home.database not in server.databases:
        tell(held(None, home.service))  # it is still to be made
        return
    # it may be the other home of another service as well
    expected = home.all | passing_at(scene, home.instance, home.database)
    for name, role in sorted(server.roles.items()):
        if role.login and not role.superuser and name != server.user:
            _may_connect(server, home, name, tell, expected=name in expected)
    for login in {one.role: one for one in scene.logins}.values():
        if login.role in expected:
            continue
        answer = (yield Probe(home.instance, home.database, login.role))[0]
        _let_in(home, login, answer, tell)


def _may_connect(server: Server, home: SecondHome, name: str, tell: Tell, *, expected: bool) -> None:
    database = server.databases[home.database]
    on, place = sql("DATABASE {}", ident(home.database)), f"{home.instance}/{home.database}"
    grounds = tuple(of_acl(server, name, database.owner, database.acl, ("CONNECT",), on, place))
    if expected or not grounds:
        tell(held(None, home.service))
        return
    detail, remedy, group = told(grounds)
    tell(
        broken(
            _CODE,
            None,
            home.service,
            f"role {ident(name)}",
            f'login role "{name}" may connect to {place}, the other home of a service on the move',
            detail,
            evidence=(Evidence(f'pg_database: CONNECT on "{home.database}" of instance "{home.instance}"'),),
            remedy=remedy,
            group=f"{_door(home)}{group}",
        )
    )


def _let_in(home: SecondHome, login: Login, answer: Answer, tell: Tell) -> None:
    if refused(answer):
        tell(held(login, home.service))
    elif not answer.ok:
        tell(unknown(_CODE, login, home.service, _door(home), answer))
    else:
        tell(
            broken(
                _CODE,
                login,
                home.service,
                f"role {ident(login.role)}",
                f'role "{login.role}" can log in to {home.instance}/{home.database}, where a service is on the move',
                "A role of this name exists there, takes the same password, and may connect.",
                evidence=(evidence(login, home.instance, home.database, keyword("CONNECT"), answer),),
                remedy=str(sql("REVOKE CONNECT ON DATABASE {} FROM {};", ident(home.database), ident(login.role))),
            )
        )


def _door(home: SecondHome) -> str:
    return f"database {ident(home.database)} of instance {home.instance}"


second_home = Attack("I23", "come in at the other home of a service on the move", _split, _play)
