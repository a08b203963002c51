"""The proof as one self-contained HTML file: the matrix as a picture, and every finding with its SQL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from freehold.family import page as member_page
from freehold.prove.model import Report, Verdict
from freehold.prove.text import MEANING, SYMBOLS, headline, services

_ATTACKS = "freehold.prove.attacks"


@dataclass(frozen=True, slots=True)
class Square:
    """One square of the picture, in units of the SVG."""

    x: int
    y: int
    verdict: str
    symbol: str
    own: bool
    said: str


def html(report: Report) -> str:
    """The report as a page that needs nothing else: no script, font or picture from anywhere."""
    names = services(report)
    cell = 34 if len(names) <= 12 else 22 if len(names) <= 25 else 16
    margin = 14 + 7 * min(28, max((len(name) for name in names), default=0))
    squares = tuple(_squares(report, names, cell, margin))
    side = margin + cell * len(names) + 8
    attacks = [
        (name, _title(name), [counts.get(verdict.value, 0) for verdict in Verdict])
        for name, counts in report.by_attack.items()
    ]
    return _template().render(
        report=report,
        headline=headline(report),
        names=[(name, margin + cell * i + cell // 2) for i, name in enumerate(names)],
        squares=squares,
        cell=cell,
        margin=margin,
        side=side,
        attacks=attacks,
        legend=[(verdict.value, SYMBOLS[verdict], MEANING[verdict]) for verdict in Verdict],
        versions=[(name, _version(number)) for name, number in report.versions.items()],
        seconds=f"{report.duration_ms / 1000:.1f}",
        attempts=f"{report.attempts:,}",
    )


def _squares(report: Report, names: tuple[str, ...], cell: int, margin: int) -> list[Square]:
    place = {name: index for index, name in enumerate(names)}
    return [
        Square(
            x=margin + cell * place[one.target],
            y=margin + cell * place[one.actor],
            verdict=one.verdict.value,
            symbol=SYMBOLS[one.verdict],
            own=one.actor == one.target,
            said=f"{one.actor} against {one.target}: {one.verdict.value}, {one.attempts} attempts",
        )
        for one in report.matrix
    ]


def _title(name: str) -> str:
    try:
        return member_page(_ATTACKS, name).strip().partition("\n")[0]
    except KeyError:
        return {"no_trace": "The proof itself left no trace.", "prepare": "What the proof needs to begin."}.get(
            name, ""
        )


def _version(number: int) -> str:
    return f"{number // 10000}.{number % 10000}"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("freehold.prove"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("proof.html")
