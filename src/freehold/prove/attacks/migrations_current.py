"""Each service's schema is at the declared version.

Tried: the migration ledger of each database is compared with the declared files: each applied, unedited, none unknown.

Why: a proof of yesterday's tables says nothing about today's code.

Holds it: `freehold apply`.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Evidence
from freehold.prove.judge import broken, held
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.scene import contents

_CODE = "migrations_current"


def _split(scene: Scene) -> Iterator[Piece]:
    for placement in scene.placements.services:
        if scene.migrations is not None and placement.service in scene.migrations:
            yield Piece(None, placement.instance, placement.database, placement.service)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    service = str(piece.part)
    declared = dict((scene.migrations or {}).get(service, ()))
    ledger = contents(scene.found, piece.instance, piece.database).migrations
    applied = {row.name: row.sha256 for row in ledger if row.service == service}
    for name in sorted(set(declared) | set(applied)):
        if declared.get(name) == applied.get(name):
            tell(held(None, service))
            continue
        if name not in applied:
            what = "is declared and was not applied"
        elif name not in declared:
            what = "was applied and is not declared any more"
        else:
            what = "was edited after it was applied"
        tell(
            broken(
                _CODE,
                None,
                service,
                f'migration "{name}"',
                f'migration "{name}" of service "{service}" {what}',
                "The ledger and the files disagree.",
                evidence=(Evidence(f'freehold.migration in database "{piece.database}"'),),
                remedy="freehold apply",
            )
        )
    return
    yield  # a conversation that asks nothing


migrations_current = Attack("", "schemas at the declared version", _split, _play)
