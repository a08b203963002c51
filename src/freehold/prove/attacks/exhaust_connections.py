"""Take all connections a service can get, and see that everybody else still gets theirs. Only with --exhaust.

Tried: as the app login of one service after another, connections are opened up to its limit and one more; a role
without a limit stops one past what the limits of all others leave. While they are held, every other login of the
instance, and Freehold's own, connect. All are closed at once afterwards.

Why: limits that only add up on paper have never refused anybody.

Holds it off: CONNECTION LIMIT for each login, and a max_connections that is greater than their sum. While it is
tried, the service itself gets no further connection, which is why it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from freehold.prove.asking import Answer, As, Flood, Probe, Release
from freehold.prove.judge import broken, evidence, held, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Result, Scene, Tell
from freehold.prove.pieces import at_home
from freehold.prove.scene import capacity
from freehold.sqltext import ident, keyword

_CODE = "exhaust_connections"
_FULL = "53300"
_DEFAULT = 20


def _split(scene: Scene) -> Iterator[Piece]:
    if scene.exhaust:
        for piece in at_home(scene, ("app",)):
            yield replace(piece, alone=True)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    assert login is not None
    others = [p.actor for p in at_home(scene) if p.actor and p.instance == login.instance and p.actor != login]
    flood = Flood(login.instance, login.database, login.role, _share(scene, login) + 1)
    answer = (yield flood)[0]
    _limit(scene, login, flood, answer, tell)
    turned_away: list[tuple[Login, Answer]] = []
    for other in others:
        said = (yield Probe(other.instance, other.database, other.role, patient=False))[0]
        if said.ok:
            tell(held(login, other.service))
        else:
            turned_away.append((other, said))
    admin = (yield As(login.instance, login.database, login.role, (keyword("SELECT 1"),)))[0]
    yield Release()
    if admin.ok:
        tell(held(login))
    elif admin.sqlstate == _FULL:
        tell(_kept_out(login, "", "the administrator", "Freehold's own login", admin))
    else:
        tell(unknown(_CODE, login, "", "the administrator", admin))
    for other, said in turned_away:
        # a login that cannot connect afterwards either was not kept out by the one that is tried
        again = (yield Probe(other.instance, other.database, other.role))[0]
        shown = f"role {ident(other.role)}"
        if said.sqlstate == _FULL and again.ok:
            tell(_kept_out(login, other.service, shown, f'role "{other.role}"', said))
        else:
            tell(unknown(_CODE, login, other.service, shown, said))


def _share(scene: Scene, login: Login) -> int:
    """How many connections the login may take: its limit, else what the limits of all others leave."""
    server = scene.found.servers[login.instance]
    limit = server.roles[login.role].connection_limit
    if limit >= 0:
        return limit
    roles = {one.role for one in scene.logins if one.instance == login.instance and one.role in server.roles}
    others = sum(max(0, server.roles[role].connection_limit) for role in roles - {login.role})
    return max(1, capacity(server) - others)


def _limit(scene: Scene, login: Login, flood: Flood, answer: Answer, tell: Tell) -> None:
    opened = int(answer.rows[0][0] or 0) if answer.rows else 0
    shown = f"role {ident(login.role)}"
    if answer.sqlstate == _FULL and opened:
        tell(held(login, login.service, opened))
    elif not answer.ok:
        tell(unknown(_CODE, login, login.service, shown, answer))
    else:
        limit = scene.found.servers[login.instance].roles[login.role].connection_limit
        share = "its CONNECTION LIMIT" if limit >= 0 else "what the limits of the other logins leave"
        remedy = (
            f"ALTER ROLE {ident(login.role)} NOSUPERUSER;"  # a limit counts for everybody but superusers
            if limit >= 0
            else f"ALTER ROLE {ident(login.role)} CONNECTION LIMIT {_DEFAULT};"
        )
        tell(
            broken(
                _CODE,
                login,
                login.service,
                shown,
                f'role "{login.role}" took {opened} connections and was not refused',
                f"That is more than {share}.",
                evidence=(evidence(login, login.instance, login.database, f"{flood.most} connections", answer),),
                remedy=remedy,
            )
        )


def _kept_out(login: Login, target: str, shown: str, who: str, answer: Answer) -> Result:
    return broken(
        _CODE,
        login,
        target,
        shown,
        f'role "{login.role}" keeps others out when it takes all connections it gets',
        f"{who} was refused, and came in as soon as they were given back.",
        evidence=(evidence(login, login.instance, login.database, f"a connection of {who}", answer),),
        remedy="freehold apply",
        group=login.role,
    )


exhaust_connections = Attack("I22", "take all connections, really", _split, _play)
