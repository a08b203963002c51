"""The draw of a column that the recipe does not name, from its keys, its type, its CHECKs and its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from freehold.seed.checks import after, allowed, bounds
from freehold.seed.model import Column, ForeignKey, Key, Size, Table
from freehold.seed.render import FLOATS, TEXTS, WHOLE
from freehold.seed.spec import Spec, made
from freehold.spec.model import TableName
from freehold.sqltext import quote_ident

NULLS = 0.1
"""Share of NULLs in a column that allows them and is part of no key."""

_TIMES = frozenset({"timestamptz", "timestamp", "date"})
_WHOLE_MAX = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1, "oid": 2**31 - 1}
_HINTS: tuple[tuple[frozenset[str], Spec], ...] = tuple(
    (frozenset(words.split()), spec)
    for words, spec in (
        ("email mail", made("email")),
        ("phone mobile telephone", made("phone")),
        ("firstname forename", made("name", part="first")),
        ("lastname surname", made("name", part="last")),
        ("username login handle nickname", made("username")),
        ("fullname customer person author holder contact", made("name")),
        ("company employer organisation organization merchant vendor supplier", made("company")),
        ("country nationality", made("country")),
        ("currency ccy", made("currency")),
        ("city town", made("city")),
        ("ip ipaddress", made("ip")),
        ("url uri link website", made("template", text="https://example.com/{row}")),
        ("hash checksum digest token fingerprint sha256 secret password", made("hash")),
        ("title subject headline", made("text", words="3..7")),
        (
            "body content description message note notes comment summary text reason detail",
            made("text", sentences="1..4"),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Around:
    """What a default looks at besides its own table: sizes, and foreign keys that would close a circle."""

    sizes: Mapping[TableName, Size]
    circular: frozenset[tuple[TableName, str]]
    named: frozenset[str]


def default(table: Table, column: Column, around: Around) -> Spec | None:
    """The draw; None leaves the column to the server. A Spec with an empty name says that there is no draw for it."""
    if column.generated:
        return None
    keyed = _in_keys(table, around).get(column.name)
    if keyed is not None:
        return keyed
    foreign = _foreign(table, column, around)
    if foreign is not None:
        return foreign
    spec = _plain(table, column)
    if spec is None or column.required or column.default or any(column.name in key.columns for key in table.keys):
        return spec
    return replace(spec, nulls=NULLS) if spec.draw not in ("", "nothing") else made("nothing")


def combinations(table: Table, key: Key, rows: Mapping[TableName, int]) -> int | None:
    """How many rows a unique index takes whose columns all refer to other tables or have few values; None is any."""
    most = 1
    for name in key.columns:
        column = table.column(name)
        foreign = next((one for one in table.foreign_keys if one.columns == (name,) and one.to != table.name), None)
        values = _few(table, column) if column is not None else ()
        if foreign is not None and foreign.to in rows:
            most *= rows[foreign.to]
        elif values:
            most *= len(values)
        else:
            return None
    return most


def _foreign(table: Table, column: Column, around: Around) -> Spec | None:
    for key in table.foreign_keys:
        if column.name not in key.columns:
            continue
        if (table.name, key.name) in around.circular and not column.required:
            return made("nothing")
        at = key.columns.index(column.name)
        if at:
            return made("expression", **{"is": f"parent({key.columns[0]!r}, {key.to_columns[at]!r})"})
        return _to(key)
    return None


def _to(key: ForeignKey, **keys: str) -> Spec:
    return made("foreign", to=_place(key), **keys)


def _place(key: ForeignKey) -> str:
    return f"{quote_ident(key.to.schema)}.{quote_ident(key.to.table)}({quote_ident(key.to_columns[0])})"


def _in_keys(table: Table, around: Around) -> dict[str, Spec]:
    """Draws that keep the rows apart wherever a unique index asks for it."""
    found: dict[str, Spec] = {}
    for key in table.keys:
        if any(name in found or name in around.named for name in key.columns):
            continue
        if len(key.columns) == 1:
            column = table.column(key.columns[0])
            if column is not None and not column.generated:
                found.update(_alone(table, column, around))
        else:
            found.update(_together(table, key, around))
    return found


def _alone(table: Table, column: Column, around: Around) -> dict[str, Spec]:
    foreign = next((one for one in table.foreign_keys if one.columns == (column.name,)), None)
    if foreign is not None:
        return {column.name: _to(foreign, once="true")} if foreign.to != table.name else {}
    spec = _distinct(column)
    return {column.name: spec} if spec else {}


def _distinct(column: Column) -> Spec | None:
    base = column.base
    if base in WHOLE or base == "numeric" or base in FLOATS:
        return made("sequence")
    if base == "uuid":
        return made("uuid")
    if base in _TIMES:
        return made("timestamp", order="rising")
    if base in TEXTS:
        hinted = _hinted(column)
        if hinted is not None and hinted.draw in ("email", "username", "hash"):
            return hinted
        if column.length is not None and column.length < 8:
            return made("sequence", letters=str(column.length), start="0")
        return made("sequence", text=f"{column.name.replace('{', '').replace('}', '')[:20]}-{{}}")
    if base == "bytea":
        return made("hash")
    return None


def _together(table: Table, key: Key, around: Around) -> dict[str, Spec]:
    columns = [column for name in key.columns if (column := table.column(name)) is not None]
    foreign = {
        one.columns[0]: one for one in table.foreign_keys if len(one.columns) == 1 and one.columns[0] in key.columns
    }
    few = {column.name: values for column in columns if (values := _few(table, column))}
    free = [column for column in columns if column.name not in foreign and column.name not in few]
    size = around.sizes.get(table.name, Size(1, 1)).total
    first = next(iter(foreign.values()), None)
    each = 1
    if first is not None:
        each = max(1, -(-size // max(1, around.sizes.get(first.to, Size(1, 1)).total)))
    found: dict[str, Spec] = {}
    if free:
        last = next((c for c in reversed(free) if c.base in WHOLE), free[-1])
        if first is not None and last.base in WHOLE:
            return {first.columns[0]: _to(first, each=str(each)), last.name: made("position", within=first.columns[0])}
        spec = _distinct(last)
        return {last.name: spec} if spec else {}
    if first is not None:
        found[first.columns[0]] = _to(first, each=str(each))
        for name, one in foreign.items():
            if one is not first:
                found[name] = _to(one, within=first.columns[0])
    every = 1
    for name, values in few.items():
        keys = {"every": str(every), **({"within": first.columns[0]} if first else {})}
        found[name] = made("cycle", of=list(values), **keys)
        every *= len(values)
    return found


def _few(table: Table, column: Column) -> tuple[str, ...]:
    return ("false", "true") if column.base == "bool" else allowed(table, column)


def _plain(table: Table, column: Column) -> Spec | None:
    base = column.base
    if column.identity or column.sequence is not None:
        return made("sequence")
    if allowed(table, column):
        return made("enum", exponent="0.7")
    if base == "bool":
        share = {"true": "0.9", "false": "0.1"}.get(column.default, "0.5")
        return made("boolean", probability=share)
    if base in _TIMES:
        before = after(table, column)
        if before:
            return made("expression", **{"is": f"column({before!r}) + days(1 + 60 * random)"})
        return made("timestamp", daily="business", weekly="weekdays")
    if base == "uuid":
        return made("uuid")
    if column.default:
        return None
    if base in WHOLE:
        limits = bounds(table, column)
        low = 1 if limits.low is None else int(limits.low) + limits.open_low
        high = low + 999 if limits.high is None else int(limits.high) - limits.open_high
        return made("uniform", **{"from": str(low), "to": str(min(high, _WHOLE_MAX[base]))})
    if base == "numeric" or base in FLOATS:
        return _number(table, column)
    if base in TEXTS:
        return _text(column)
    return _other(column)


def _number(table: Table, column: Column) -> Spec:
    limits = bounds(table, column)
    scale = column.scale if column.scale is not None else 4
    decimals = str(max(0, min(scale, 6)))
    step = 10.0 ** -int(decimals)
    top = 1e15 if column.precision is None else 10.0 ** (column.precision - scale) - 1
    low = 0.0 if limits.low is None else limits.low + (step if limits.open_low else 0)
    high = top if limits.high is None else min(top, limits.high - (step if limits.open_high else 0))
    if limits.high is not None or top < 1000:
        return made("uniform", **{"from": repr(low), "to": repr(high), "decimals": decimals})
    if column.base in FLOATS and limits.low is None:
        return made("normal", mean="0", deviation="1", decimals="6")
    if scale == 2:
        return made("money", min=repr(max(low, 0.01)), max=repr(high))
    return made("lognormal", median="100", min=repr(max(low, step)), max=repr(high), decimals=decimals)


def _text(column: Column) -> Spec:
    hinted = _hinted(column)
    length = column.length
    if (
        hinted is not None
        and hinted.draw in ("country", "currency")
        and length in (None, 2 if hinted.draw == "country" else 3)
    ):
        return hinted
    if length is not None and length < 12:
        return made("hash", digits=str(length))
    if hinted is not None and length is None:
        return hinted
    if hinted is not None and hinted.draw == "hash":
        return made("hash", digits=str(min(length or 64, 64)))
    if hinted is not None and hinted.draw != "text" and (length or 0) >= 60:
        return hinted
    keys = {"words": "1..3"} if length is not None and length < 60 else {"words": "2..6"}
    return made("text", **keys, **({"longest": str(length)} if length is not None else {}))


def _hinted(column: Column) -> Spec | None:
    words = column.name.lower().split("_")
    names = {*words, "".join(words)}
    return next((spec for hints, spec in _HINTS if names & hints), None)


def _other(column: Column) -> Spec | None:
    simple = {
        "json": made("json"),
        "jsonb": made("json"),
        "bytea": made("bytes", length="16..64"),
        "inet": made("ip"),
        "cidr": made("ip"),
        "tsvector": made("text", words="3..12"),
        "interval": made("exponential", mean="3600", decimals="0"),
        "time": made("timestamp", daily="business"),
        "xml": made("constant", value="<row/>"),
    }
    if column.base in simple:
        return simple[column.base]
    if column.element in TEXTS:
        return made("array", of="text", length="0..3")
    if column.element in WHOLE or column.element in FLOATS or column.element == "numeric":
        return made("array", of="uniform", length="0..3")
    if column.element == "uuid":
        return made("array", of="uuid", length="0..3")
    return made("nothing") if not column.required else made("")
