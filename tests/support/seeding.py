"""Recipes bound to tables that no server has: what a draw makes can be looked at without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from freehold.seed.maker import Makers, TableMaker
from freehold.seed.model import Check, Column, ForeignKey, Key, Size, Table, Value
from freehold.seed.recipe import problems, read_recipe
from freehold.spec.model import TableName

HERE = TableName("s", "t")


def column(name: str, base: str = "text", required: bool = True, **more: object) -> Column:
    """A column of a base type; ``more`` are fields of Column."""
    return Column(name=name, type=base, base=base, required=required, **more)  # type: ignore[arg-type]


def table(
    name: str,
    columns: Sequence[Column],
    keys: Sequence[Sequence[str]] = (),
    foreign: Sequence[ForeignKey] = (),
    checks: Sequence[Check] = (),
    service: str = "s",
) -> Table:
    """A table ``schema.name``; the first key is the primary one."""
    schema, _, short = name.partition(".")
    return Table(
        service,
        "main",
        "d",
        TableName(schema, short),
        tuple(columns),
        tuple(Key(f"key{n}", tuple(names), not n) for n, names in enumerate(keys)),
        tuple(foreign),
        tuple(checks),
    )


def makers(
    recipe: str, tables: Sequence[Table], sizes: Mapping[str, int] | int = 100, seed: str = "1", base: int = 0
) -> Makers:
    """The tables bound to a recipe, each with so many rows. ``base`` is the size of the first load, if not all."""
    names = {f"{one.name.schema}.{one.name.table}": one for one in tables}
    counts = sizes if isinstance(sizes, Mapping) else dict.fromkeys(names, sizes)
    return Makers(
        read_recipe("seed.yaml", recipe, {}),
        seed,
        {one.name: one for one in tables},
        {one.name: Size(base or counts[name], counts[name]) for name, one in names.items()},
    )


def one(recipe_of_column: str, rows: int = 100, base: str = "text", seed: str = "1", **more: object) -> TableMaker:
    """A table ``s.t`` with a column ``x`` that is filled as the recipe says."""
    text = f"tables:\n  s.t:\n    columns:\n      x: {recipe_of_column}\n"
    made = makers(text, [table("s.t", [column("x", base, **more)])], rows, seed).of(HERE)  # type: ignore[arg-type]
    assert made is not None
    made.copied()
    assert complaints(made) == []
    return made


def drawn(recipe_of_column: str, rows: int = 100, base: str = "text", **more: object) -> Sequence[Value]:
    """The values of a column that is filled as the recipe says."""
    return one(recipe_of_column, rows, base, **more).values("x", range(rows))


def complaints(made: Makers | TableMaker) -> list[str]:
    """What was complained about, as a person sees it."""
    owner = made if isinstance(made, Makers) else made.makers
    return [f"{c.line}:{c.column}: {c.message} | {c.hint}" for c in problems(owner.recipe)]
