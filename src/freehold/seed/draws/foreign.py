"""The key of a row of another table, or of this one: in the same database, or across services.

The keys of the other table are computed from its recipe, never read back: it makes no difference whether it lives in
this database, in another one, or was loaded last year. Where the other table is left as it is (``keep``), its keys are
read from the server. How rows fall on the rows they refer to is one of:

- alike: every row of the other table is as likely (without any key);
- ``exponent``: few of them very often, as with zipf;
- ``each: 3``: three for each, in order; ``fan: 1..8``: one to eight for each, few more often than many;
- ``once``: at most one for each, in no order;
- ``at: EXPRESSION``: the row of this number, counted from 1 and beyond the last row from 1 again;
- ``within: COLUMN``: for the rows with the same value of another foreign column, all different.

In a table that refers to itself, a row refers to an earlier one, and the first to none.

Example:
    columns:
      account_id: {foreign: users.account(id)}
      instrument_id: {foreign: {to: trading.instrument(id), exponent: 1.1}}
      order_id: {foreign: {to: orders.purchase(id), fan: 1..8}}
      profile_id: {foreign: {to: users.profile(id), once: true}}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Elsewhere, Kind, Place
from freehold.seed.expression import compiled
from freehold.seed.fans import fan_in
from freehold.seed.growth import reach, staged
from freehold.seed.kinds import Unfit
from freehold.seed.model import Chunk, Value
from freehold.seed.spread import earlier, once, popular, shuffle, uniform
from freehold.spec.names import show_table

_Ways = tuple[Callable[[Chunk], Sequence[int]], Callable[[Chunk], Sequence[int]] | None]


def _make(args: Args, place: Place) -> Drawn | None:
    to = args.place("to")
    if to is None:
        return None
    table, column = to
    other = place.elsewhere(table)
    if other is None:
        args.refuse("to", f"there is no table {show_table(table)} to refer to", "Name a table of the platform.")
        return None
    key = other.drawn(column)
    if key is None:
        args.refuse(
            "to",
            f'column "{column}" of {show_table(table)} is not drawn, so its values are not known',
            "Give it a draw in the recipe, or refer to another column.",
        )
        return None
    if not other.size.total and place.size.total:
        args.refuse("to", f"{show_table(table)} has no rows to refer to", "Give it rows, or leave this column out.")
        return None
    choose = _choice(args, place, other, itself=table == place.table)
    if choose is None:
        return None
    parents, places = choose
    itself = table == place.table and place.column is not None and not place.column.required
    name = place.column.name if place.column else ""

    def values(chunk: Chunk) -> Sequence[Value]:
        rows = parents(chunk)
        found = chunk.parents(name).column(column) if name else other.values(column, rows)
        if itself:
            return [None if row == at else value for row, at, value in zip(rows, chunk.rows, found, strict=True)]
        return found

    return Drawn(key.kind, values, decimals=key.decimals, plain=key.plain, parents=parents, places=places, target=table)


def _choice(args: Args, place: Place, other: Elsewhere, *, itself: bool) -> _Ways | None:
    stream = place.stream
    count = max(1, other.size.total)
    given = [key for key in ("exponent", "each", "fan", "once", "within", "at") if args.has(key)]
    if len(given) > 1 and given != ["exponent", "fan"]:
        args.refuse(given[1], f"{given[0]} and {given[1]} exclude each other", "Keep one of the two.")
        return None
    fan = fan_in(args, stream)
    if fan is not None:
        if place.size.total > fan.capacity(count):
            args.refuse(
                "fan" if args.has("fan") else "each",
                f"{place.size.total} rows are more than the {fan.capacity(count)} that {count} rows take",
                "Give this table fewer rows: rows: {per: SCHEMA.TABLE} takes as many as fit.",
            )
            return None
        spread = fan
        return (lambda chunk: spread.choose(chunk.rows)[0]), (lambda chunk: spread.choose(chunk.rows)[1])
    if args.has("at"):
        return _at(args, place, other)
    if itself:
        before = earlier(stream)
        return (lambda chunk: before(chunk.rows)), None
    if args.flag("once", False):
        if place.size.total > count:
            args.refuse(
                "once", f"{place.size.total} rows cannot each refer to another of {count}", "Give it fewer rows."
            )
            return None
        single = once(max(1, other.size.base), stream)
        return (lambda chunk: single(chunk.rows)), None
    if args.has("within"):
        return _within(args, place, other)
    exponent = args.number("exponent", 0, 0, 10)
    any_row = staged(
        place.size,
        other.size,
        lambda rows: popular(rows, exponent, stream) if exponent else uniform(rows, stream),
    )
    return (lambda chunk: any_row(chunk.rows)), None


def _at(args: Args, place: Place, other: Elsewhere) -> _Ways | None:
    try:
        number = compiled(args.text("at"), place)
        if number.kind is not Kind.INTEGER:
            raise Unfit(f"{number.kind} are no row numbers", "Write an expression that gives whole numbers.")
    except Unfit as unfit:
        args.refuse("at", unfit.message, unfit.hint)
        return None
    values, count = number.values, reach(place.size, other.size)
    return (
        lambda chunk: [(int(value or 1) - 1) % count(row) for value, row in zip(values(chunk), chunk.rows, strict=True)]
    ), None


def _within(args: Args, place: Place, other: Elsewhere) -> _Ways | None:
    name = args.text("within")
    group = place.sibling(name)
    if group is None or group.parents is None or group.places is None:
        args.refuse("within", f'"{name}" is no foreign column with a fan-out', "Give it a foreign draw with each.")
        return None
    owners, places, stream = group.parents, group.places, place.stream
    owner = place.elsewhere(group.target) if group.target is not None else None
    # all rows of one owner choose among the same
    count = reach(owner.size if owner is not None else place.size, other.size)
    factors: dict[int, int] = {}

    def parents(chunk: Chunk) -> Sequence[int]:
        found: list[int] = []
        above = owners(chunk)
        for row, word, at in zip(above, stream.words(above), places(chunk), strict=True):
            most = count(row)
            if most not in factors:
                factors[most] = shuffle(most, stream)[0]
            found.append((word + at * factors[most]) % most)
        return found

    return parents, None


foreign = Draw(
    _make,
    {
        "to": "schema.table(column)",
        "exponent": "0 makes all alike, 1 makes few very popular; with fan: how much rarer many rows are",
        "each": "so many rows for each row of the other table",
        "fan": "from so many to so many rows for each, as 1..8",
        "once": "true: at most one row for each",
        "at": "an expression that gives the number of the row",
        "within": "another foreign column with each or fan, for whose rows this one differs",
    },
    short="to",
)
