"""``freehold advise``: which layout serves the declared services best, and why."""

from __future__ import annotations

import click

from freehold.cli.options import Call, command
from freehold.cli.out import Result


@command()
@click.option(
    "--weight",
    "weights",
    metavar="CRITERION=NUMBER",
    multiple=True,
    help="Count a criterion more or less, 0 to 100; over what weights: of the declaration says. May be repeated.",
)
@click.option(
    "--standing",
    is_flag=True,
    help="The platform stands as declared: count what a move from there to each layout takes.",
)
def advise(call: Call, weights: tuple[str, ...], standing: bool) -> Result:
    """Score every layout for the declared services, and say what would change the answer.

    Reads the declaration alone; no server is asked. Every point that a layout misses has its reason with the line it
    comes from. docs/criteria.md says what each criterion counts. The answer is advice: exit code 0 whatever it is.
    """
    from freehold.cli import advised
    from freehold.layouts.advice import advise as asked
    from freehold.layouts.declared import facts_of

    platform = call.context.platform
    chosen = advised.weights(platform, advised.parsed(weights))
    advice = asked(facts_of(platform, standing=standing), chosen)
    return Result(
        document={
            "platform": platform.name,
            "layout": platform.layout.value,
            "recommendation": advised.as_json(advice),
        },
        blocks=advised.blocks(advice, platform.layout),
        next="freehold plan"
        if advice.layout is platform.layout
        else f"layout: {advice.layout.value}, then freehold plan",
    )
