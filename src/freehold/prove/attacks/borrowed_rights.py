"""Reach another service's data through an object that lends its owner's rights.

Tried: every view, materialized view and SECURITY DEFINER routine that stands in one service's schema but belongs to
a role that is not its owner role: whoever may use it acts with that role's rights.

Why: a view reads as its owner. One view made by the wrong role opens a table without a grant on it.

Holds it off: every object in a service's schema belongs to the service's owner role.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Evidence
from freehold.prove.claims import declared_roles
from freehold.prove.judge import broken, held, in_database
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.scene import borrowed, service_schemas, things
from freehold.prove.why import object_words
from freehold.sqltext import ident

_CODE = "borrowed_rights"


def _split(scene: Scene) -> Iterator[Piece]:
    return (Piece(None, instance, database) for instance, database in scene.placements.databases())


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    owned = service_schemas(scene.placements)
    declared = declared_roles(scene)
    for thing in things(scene, piece.instance, piece.database):
        placement = next((p for p in scene.placements.services if p.service == owned.get(thing.object.schema)), None)
        if thing.token or not borrowed(thing) or placement is None:
            continue
        if thing.object.owner == placement.roles.owner:
            tell(held(None, thing.service))
            continue
        victim = declared.get(thing.object.owner, ("", ""))[0]
        kind, name = str(object_words(thing.object)).split(" ", 1)
        kind = thing.object.kind if kind == "TABLE" else kind
        tell(
            broken(
                _CODE,
                None,
                victim,
                thing.shown,
                f'{thing.shown} in schema "{thing.object.schema}" acts with the rights of role "{thing.object.owner}"',
                f'It stands in the schema of service "{placement.service}" and belongs to another role.',
                evidence=(
                    Evidence(f'{thing.shown} is owned by "{thing.object.owner}" in database "{piece.database}"'),
                ),
                remedy=in_database(piece.database, f"ALTER {kind} {name} OWNER TO {ident(placement.roles.owner)};"),
            )
        )
    return
    yield  # a conversation that asks nothing


borrowed_rights = Attack("I8", "reach data through views and functions of another owner", _split, _play)
