"""``freehold status``: what runs where."""

from __future__ import annotations

from freehold.cli.options import Call, command
from freehold.cli.out import Block, Cell, Result, Say, Table, Tone


@command()
def status(call: Call) -> Result:
    """Show instances, services and drift.

    Exit code 0 when all is as declared, 2 when something differs, 3 when an instance cannot be reached.
    """
    context = call.context
    from freehold.cli import verbs
    from freehold.cli.instances import statuses

    platform = context.platform
    instances = statuses(context)
    down = [instance for instance in instances if not instance.running]
    made = None if down else verbs.plan(context, authoritative=False, allow_destroy=True, services=())
    drift = made.drift() if made else {}
    services = [
        {
            "name": placement.service,
            "instance": placement.instance,
            "database": placement.database,
            "schemas": list(placement.schemas),
            "roles": {"owner": placement.roles.owner, "app": placement.roles.app, "ro": placement.roles.ro},
            "pool": _pool(context.pool(placement.service)),
            "drift": drift.get(placement.service, 0) if made else None,
        }
        for placement in context.placements.services
    ]
    blocks: list[Block] = [
        Table(
            ("instance", "", "version", "address", "data"),
            [
                (
                    instance.name,
                    Cell("● runs", Tone.GOOD) if instance.running else Cell(f"○ {instance.reason}", Tone.BAD),
                    instance.version,
                    f"{instance.host}:{instance.port}" if instance.port else "",
                    instance.data,
                )
                for instance in instances
            ],
        ),
        Table(
            ("service", "drift", "pool", "database", "schemas"),
            [
                (
                    placement.service,
                    _drift_cell(drift.get(placement.service, 0) if made else None),
                    str(size) if (size := _size(context.pool(placement.service))) else "",
                    placement.database if len(instances) == 1 else f"{placement.instance}/{placement.database}",
                    ", ".join(placement.schemas) or "(its own affair)",
                )
                for placement in context.placements.services
            ],
            numbers=frozenset({2}),
        ),
    ]
    undeclared = len(made.plan.undeclared) if made else None
    pending = bool(made and (made.plan.steps or made.plan.undeclared))
    if down:
        blocks.append(Say(f"✗ {platform.name}: {len(down)} of {len(instances)} instances cannot be reached", Tone.BAD))
    elif made and pending:
        blocks.append(
            Say(f"! {platform.name}: {len(made.plan.steps)} changes pending, {undeclared} undeclared", Tone.WARN)
        )
    else:
        blocks.append(Say(f"✓ {platform.name}: as declared ({platform.layout.value})", Tone.GOOD))
    return Result(
        document={
            "platform": platform.name,
            "layout": platform.layout.value,
            "instances": [instance.as_json() for instance in instances],
            "services": services,
            "undeclared": undeclared,
        },
        blocks=tuple(blocks),
        exit=3 if down else 2 if pending else 0,
        next="freehold up" if down else "freehold diff" if pending else "freehold prove",
    )


def _drift_cell(drift: int | None) -> Cell:
    if drift is None:
        return Cell("?", Tone.WARN)
    return Cell(f"! {drift}", Tone.WARN) if drift else Cell("✓ none", Tone.GOOD)


def _pool(pool: tuple[int, int | None] | None) -> dict[str, int | None] | None:
    return {"size": pool[0], "port": pool[1]} if pool else None


def _size(pool: tuple[int, int | None] | None) -> int:
    return pool[0] if pool else 0
