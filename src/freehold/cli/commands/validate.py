"""``freehold validate``: the declaration alone."""

from __future__ import annotations

from freehold.cli.options import Call, command
from freehold.cli.out import Result, Say, Tone, complaint_json


@command()
def validate(call: Call) -> Result:
    """Check the declaration and the migrations it names, without a server.

    Exit code 1 for errors, 0 for warnings only.
    """
    from freehold.cli.crossings import in_migrations, keys_in_migrations
    from freehold.errors import DeclarationError

    context = call.context
    base = context.path.parent
    complaints = (
        *context.warnings,
        *in_migrations(context.platform, base),
        *keys_in_migrations(context.platform, base),
    )
    if any(complaint.level == "error" for complaint in complaints):
        raise DeclarationError(complaints)
    for complaint in complaints:
        call.out.complain(complaint)
    platform = context.platform
    placements = context.placements
    return Result(
        document={
            "platform": platform.name,
            "layout": platform.layout.value,
            "services": [service.name for service in platform.services],
            "complaints": [complaint_json(complaint) for complaint in complaints],
        },
        blocks=(
            Say(
                f"✓ {platform.name}: {_count(len(platform.services), 'service')} in "
                f"{_count(len(placements.databases()), 'database')} on {_count(len(placements.instances), 'instance')}"
                f" ({platform.layout.value}), {_count(len(complaints), 'warning')}",
                Tone.GOOD if not complaints else Tone.WARN,
            ),
        ),
        next="freehold plan",
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
