"""``freehold diff``: where the servers differ from the declaration."""

from __future__ import annotations

from freehold.cli.options import Call, command
from freehold.cli.out import Block, Result, Say, Tone


@command()
def diff(call: Call) -> Result:
    """Show where the servers differ from the declaration.

    Both ways: what is declared and not there or not so, and what is there and nobody declared it.
    Exit code 0 when there is no difference, 2 when there is any.
    """
    from freehold.cli.shapes import count, steps_table
    from freehold.plan.show import changes

    context = call.context
    from freehold.cli import verbs

    made = verbs.plan(context, authoritative=False, allow_destroy=True, services=())
    steps = made.plan.steps
    extra = made.plan.undeclared
    blocks: list[Block] = []
    blocks += steps_table(steps, "declared, and not so on the server", limit=len(steps))
    blocks += steps_table(extra, "on the server, and not declared", limit=len(extra))
    if steps or extra:
        blocks.append(
            Say(f"✗ {count(len(steps), 'difference')} from the declaration, {len(extra)} undeclared", Tone.WARN)
        )
    else:
        blocks.append(Say("✓ no difference: the servers are as declared", Tone.GOOD))
    remove = "freehold apply --authoritative" + (" --allow-destroy" if any(step.destructive for step in extra) else "")
    follow = "freehold apply" if steps else remove if extra else "freehold prove"
    return Result(
        document={
            "fingerprint": made.plan.fingerprint,
            "missing": changes(made.plan),
            "undeclared": made.undeclared_changes(),
        },
        blocks=tuple(blocks),
        exit=2 if steps or extra else 0,
        next=follow,
    )
