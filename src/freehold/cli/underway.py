"""What plans leave alone, and whom they let in, while services are on the move."""

from __future__ import annotations

from dataclasses import replace

from freehold.cli.context import Context
from freehold.cli.made import Made
from freehold.move.model import SOURCE, TARGET
from freehold.move.names import stream
from freehold.spec.names import service_logins


def besides(context: Context) -> tuple[tuple[str, str, str], ...]:
    """Who is let in on both sides of a move that has not ended: (instance, database, login). A login from before an
    earlier move may still be in use, so every one that the service can have had counts; rights it needs as well. So do
    the logins of links to its old home, and of those that were made for its new one; each side also lets in what
    follows it."""
    name = context.platform.name
    pool = context.placements.roles.pool
    under_way = [one for one in context.moves.read() if not one.ended]
    both = {
        (place.instance, place.database, login)
        for one in under_way
        for side, way in ((SOURCE, "f"), (TARGET, "r"))
        for place in (one.move.place(side),)
        for login in (
            *service_logins(name, one.move.service),
            *([pool] if pool else []),
            *(() if one.in_place else (stream(one.move.id, way),)),
        )
    }
    through = {
        (*login.source, login.role)
        for one in under_way
        for home in (one.move.came, *((one.move.goes,) if one.linked else ()))
        for login in context.at({one.move.service: home}).placements.link_logins
        if one.linked or any(table.schema in one.move.schemas for table in login.tables)
    }
    return tuple(sorted(both | through))


_LINKS = frozenset(
    {
        "drain_replica",
        "drop_foreign_server",
        "drop_link_login",
        "drop_mirror",
        "drop_publication",
        "drop_replication_slot",
        "drop_subscription",
        "foreign_server",
        "forget_replicas",
        "link_grants",
        "mirror",
        "publication",
        "refresh_subscription",
        "replication_slot",
        "subscription",
        "unpublish",
        "user_mapping",
    }
)


def without_moving(context: Context, made: Made) -> Made:
    """The plan without what concerns services that are on the move, and without links: which ends they will have is
    only settled when the moves are completed or given up."""
    moving = {one.move.service for one in context.moves.read() if not one.ended}
    kept = tuple(step for step in made.plan.steps if not (moving and (step.service in moving or step.kind in _LINKS)))
    if left := len(made.plan.steps) - len(kept):
        context.out.warn(
            f"{left} steps wait until the move of {', '.join(sorted(moving))} is completed or given up"
            " (freehold move status)"
        )
    return replace(made, plan=replace(made.plan, steps=kept))
