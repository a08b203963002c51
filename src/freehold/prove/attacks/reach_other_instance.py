"""Log in on an instance of the platform on which the service does not live.

Tried: each login, with its own password, at the door of every database of every other instance; and where a server
that Freehold owns listens.

Why: an instance of its own isolates nothing when its neighbours' passwords open it.

Holds it off: roles exist only on the instance of their service, pg_hba.conf lists each database and role, and the
server listens on a private address. A service on the move has its logins at both homes, in those two databases only.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.asking import Probe
from freehold.prove.judge import broken, evidence, held, refused, unknown
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.scene import passing_at
from freehold.sqltext import ident, keyword

_CODE = "reach_other_instance"


def _split(scene: Scene) -> Iterator[Piece]:
    return (Piece(None, instance.name, "") for instance in scene.placements.instances)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    server = scene.found.servers[piece.instance]
    instance = next(i for i in scene.placements.instances if i.name == piece.instance)
    listens = server.settings.get("listen_addresses")
    if instance.owned and listens is not None:
        open_to_all = {"*", "0.0.0.0", "::"} & {part.strip() for part in listens.value.split(",")}
        if open_to_all:
            tell(
                broken(
                    _CODE,
                    None,
                    "",
                    f"instance {piece.instance}",
                    f"instance {piece.instance} listens on every address",
                    f"listen_addresses is {listens.value!r}.",
                    remedy="ALTER SYSTEM SET listen_addresses = '127.0.0.1'; -- and restart the instance",
                )
            )
        else:
            tell(held(None))
    homes = {p.database: p.service for p in scene.placements.services if p.instance == piece.instance}
    for database, target in sorted(homes.items()):
        for login in scene.logins:
            elsewhere = any(other.role == login.role and other.instance == piece.instance for other in scene.logins)
            if elsewhere or not login.service:
                continue
            answer = (yield Probe(piece.instance, database, login.role))[0]
            moving = answer.ok and login.role in passing_at(scene, piece.instance, database)
            if refused(answer) or moving:
                tell(held(login, target))
            elif not answer.ok:
                tell(unknown(_CODE, login, target, f"database {ident(database)}", answer))
            else:
                tell(
                    broken(
                        _CODE,
                        login,
                        target,
                        f"role {ident(login.role)}",
                        f'role "{login.role}" can log in on instance {piece.instance}, where its service does not live',
                        "A role of this name exists there and takes the same password.",
                        evidence=(evidence(login, piece.instance, database, keyword("CONNECT"), answer),),
                        remedy=f"ALTER ROLE {ident(login.role)} NOLOGIN;",
                    )
                )


reach_other_instance = Attack("I23", "log in on another instance", _split, _play)
