"""A recommendation of a layout: asked for a platform, and shown to a person and to programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from freehold.cli.out import Block, Cell, Say, Table, Tone
from freehold.errors import Complaint, DeclarationError, FreeholdError
from freehold.finding import Evidence, JsonObject
from freehold.layouts.advice import CLOSE, Advice, sentence
from freehold.layouts.criteria._kind import Loss
from freehold.layouts.score import Weights, default_weights, weights_of
from freehold.spec.marked import nearest
from freehold.spec.model import Layout, Platform

_LOSSES_SHOWN = 3
_FLIPS_SHOWN = 6


def weights(platform: Platform | None, given: Sequence[tuple[str, float]]) -> Weights:
    """The declaration's weights, those of the command line over them. Raises DeclarationError at the line of a
    criterion that is unknown."""
    known = default_weights()
    declared = dict(platform.weights) if platform else {}
    complaints: list[Complaint] = []
    for name in declared:
        if platform is not None and name not in known:
            mark = nearest(platform, "weights", name)
            message, hint = f'there is no criterion "{name}"', f"There are: {', '.join(known)}."
            complaints.append(
                Complaint(mark.file, mark.line, mark.column, "unknown_criterion", message, text=name, hint=hint)
            )
    if complaints:
        raise DeclarationError(tuple(complaints))
    return weights_of({**declared, **dict(given)})


def parsed(texts: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """``NAME=NUMBER`` options as pairs. Raises FreeholdError for anything else."""
    found: list[tuple[str, float]] = []
    for text in texts:
        name, equals, number = text.partition("=")
        try:
            weight = float(number)
        except ValueError:
            weight = -1.0
        if not equals or not 0 <= weight <= 100:
            raise FreeholdError(f'"{text}" is no weight', hint="Write CRITERION=NUMBER with a number from 0 to 100.")
        found.append((name, weight))
    return tuple(found)


def as_json(advice: Advice) -> JsonObject:
    """The recommendation with everything it rests on."""
    return {
        "layout": advice.layout.value,
        "margin": advice.scores.margin,
        "close": advice.scores.margin < CLOSE and advice.rival is not None,
        "scores": [
            {
                "layout": scored.layout.value,
                "score": scored.score,
                "criteria": [
                    {
                        "criterion": one.criterion,
                        "weight": one.weight,
                        "points": one.points,
                        "losses": [_loss(loss) for loss in one.losses],
                    }
                    for one in scored.judged
                ],
            }
            for scored in advice.scores.layouts
        ],
        "reasons": [sentence(reason, advice) for reason in advice.reasons],
        "flips": [{"change": flip.change, "layout": flip.layout.value} for flip in advice.flips],
        "silent": dict(advice.scores.silent),
        "unjudged": dict(advice.scores.unjudged),
    }


def blocks(advice: Advice, declared: Layout | None = None) -> tuple[Block, ...]:
    """The recommendation for a person."""
    return tuple(_blocks(advice, declared))


def _blocks(advice: Advice, declared: Layout | None) -> Iterator[Block]:
    scores = advice.scores
    names = [one.criterion for one in scores.best.judged]
    yield Table(
        ("criterion", "weight", *(one.layout.value for one in scores.layouts)),
        [
            (
                name,
                f"{scores.best.judged[number].weight:g}",
                *(f"{one.judged[number].points:.0f}" for one in scores.layouts),
            )
            for number, name in enumerate(names)
        ]
        + [("score", "", *(Cell(f"{one.score:.1f}", Tone.STRONG) for one in scores.layouts))],
        numbers=frozenset(range(1, len(scores.layouts) + 2)),
    )
    for name, reason in scores.silent.items():
        yield Say(f"· {name} says nothing: {reason}", Tone.DIM)
    for name, reason in scores.unjudged.items():
        yield Say(f"· the layout {name} is not judged: {reason}", Tone.DIM)
    yield Say(_verdict(advice, declared), Tone.STRONG)
    for one in advice.reasons:
        yield Say(f"  {'+' if one.gain > 0 else '-'} {abs(one.gain):.1f}  {one.title}")
        for loss in one.losses[:_LOSSES_SHOWN]:
            yield Say(f"         {loss.text}{_where(loss.evidence)}", Tone.DIM)
        if len(one.losses) > _LOSSES_SHOWN:
            yield Say(f"         and {len(one.losses) - _LOSSES_SHOWN} more; --json has all", Tone.DIM)
    if advice.flips:
        yield Say("what would change the answer:", Tone.STRONG)
        for flip in advice.flips[:_FLIPS_SHOWN]:
            yield Say(f"  {flip.change}: then {flip.layout.value}")
        if len(advice.flips) > _FLIPS_SHOWN:
            yield Say(f"  and {len(advice.flips) - _FLIPS_SHOWN} more; --json has all", Tone.DIM)
    elif advice.rival is not None:
        yield Say("no single weight or fact that was tried changes the answer", Tone.DIM)


def _verdict(advice: Advice, declared: Layout | None) -> str:
    best = advice.scores.best
    text = f"{best.layout.value} scores best, {best.score:.1f} of 100"
    if advice.rival is not None:
        text += f", {advice.scores.margin:.1f} ahead of {advice.rival.layout.value}"
        if advice.scores.margin < CLOSE:
            text += ": as good as equal"
    if declared is not None and declared is not best.layout:
        own = advice.scores.of(declared)
        text += f"; declared is {declared.value}" + (f" with {own.score:.1f}" if own else "")
    return text


def _where(evidence: Sequence[Evidence]) -> str:
    place = next((item for item in evidence if item.file), None)
    return f" ({place.file.rpartition('/')[2]}:{place.line})" if place else ""


def _loss(loss: Loss) -> JsonObject:
    return {
        "points": round(loss.points, 3),
        "text": loss.text,
        "evidence": [{"file": item.file, "line": item.line, "text": item.text} for item in loss.evidence],
    }
