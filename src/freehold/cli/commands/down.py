"""``freehold down``: stop what Freehold started."""

from __future__ import annotations

import click

from freehold.cli.options import Call, agree_by_name, command
from freehold.cli.out import Block, Result, Say, Tone


@command()
@click.option("--purge", is_flag=True, help="Also remove the data, the passwords and the env files.")
@click.option("--confirm", metavar="NAME", help="The platform's name, instead of typing it for --purge.")
def down(call: Call, purge: bool, confirm: str | None) -> Result:
    """Stop the embedded instances; the data stays.

    Servers that somebody else runs are left alone.
    """
    context = call.context
    from freehold.cli import instances

    name = context.platform.name
    if purge:
        agree_by_name(name, confirm=confirm, what=f'all data of the embedded instances of "{name}" is removed')
    stopped = instances.stop(context)
    purged = instances.purge(context) if purge else ()
    blocks: list[Block] = [
        Say(f"✓ stopped: {', '.join(stopped)}", Tone.GOOD) if stopped else Say("✓ nothing was running", Tone.GOOD)
    ]
    if purge:
        blocks.append(Say("✓ removed:", Tone.GOOD))
        blocks += [Say(f"  {path}") for path in purged]
    return Result(document={"stopped": list(stopped), "purged": list(purged)}, blocks=tuple(blocks), next="freehold up")
