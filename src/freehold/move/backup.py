"""The backup of a service before its move: what its manifest says, and when it counts as restorable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from freehold.errors import LocalStateError
from freehold.move.checksum import Sum
from freehold.move.names import PREFIX
from freehold.spec.model import TableName
from freehold.sqltext import Sql, ident, keyword, literal, sql

FORMAT = 1
Position = tuple[int, bool]
"""Where a sequence stands: last_value and is_called."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds, as its source showed it under the snapshot that it was made from.

    ``sequences`` are the positions before and after: sequences follow no snapshot. ``left_out`` is what pg_dump does
    not take along; ``lacking`` what the restore could not make because it needs something of another service;
    ``verified_at`` is empty until the archive was restored and every row compared.
    """

    move: str
    service: str
    instance: str
    database: str
    schemas: tuple[str, ...]
    program: str
    made_at: str
    bytes: int
    sha256: str
    tables: Mapping[TableName, Sum]
    sequences: Mapping[TableName, tuple[int, int]]
    left_out: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    verified_at: str = ""

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.tables.values())

    @property
    def verified(self) -> bool:
        return self.verified_at != ""


def name(move: str) -> str:
    """The name of the archive of a move."""
    return f"move-{move}"


def scratch(move: str) -> str:
    """The database in which an archive is tried: it is there only while that lasts."""
    return f"{PREFIX}{move}_restore"


def document(one: Manifest) -> dict[str, object]:
    """The manifest for its file."""
    return {
        "format": FORMAT,
        "move": one.move,
        "service": one.service,
        "instance": one.instance,
        "database": one.database,
        "schemas": list(one.schemas),
        "program": one.program,
        "made_at": one.made_at,
        "bytes": one.bytes,
        "sha256": one.sha256,
        "tables": [
            [t.schema, t.table, s.rows, str(s.first), str(s.second), str(s.product)] for t, s in one.tables.items()
        ],
        "sequences": [[n.schema, n.table, low, high] for n, (low, high) in one.sequences.items()],
        "left_out": list(one.left_out),
        "lacking": list(one.lacking),
        "verified_at": one.verified_at,
    }


def manifest(found: Mapping[str, object]) -> Manifest:
    """From its file. Raises LocalStateError."""
    try:
        if found["format"] != FORMAT:
            raise ValueError("of another version")
        tables = {
            TableName(str(schema), str(table)): Sum(int(str(rows)), int(str(a)), int(str(b)), int(str(p)))
            for schema, table, rows, a, b, p in cast("list[list[object]]", found["tables"])
        }
        sequences = {
            TableName(str(schema), str(one)): (int(str(low)), int(str(high)))
            for schema, one, low, high in cast("list[list[object]]", found["sequences"])
        }
        return Manifest(
            move=str(found["move"]),
            service=str(found["service"]),
            instance=str(found["instance"]),
            database=str(found["database"]),
            schemas=tuple(cast("list[str]", found["schemas"])),
            program=str(found["program"]),
            made_at=str(found["made_at"]),
            bytes=int(str(found["bytes"])),
            sha256=str(found["sha256"]),
            tables=tables,
            sequences=sequences,
            left_out=tuple(cast("list[str]", found["left_out"])),
            lacking=tuple(cast("list[str]", found["lacking"])),
            verified_at=str(found["verified_at"]),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise LocalStateError(f"the manifest of a backup cannot be read: {error}", hint="Make it again.") from None


def wrong(one: Manifest, tables: Mapping[TableName, Sum], positions: Mapping[TableName, int]) -> tuple[str, ...]:
    """What a restored archive does not hold as its source did, each in a sentence. Empty: it is restorable."""
    found = []
    for table, wanted in one.tables.items():
        shown, there = f'"{table.schema}"."{table.table}"', tables.get(table)
        if there is None:
            found.append(f"table {shown} is missing")
        elif there.rows != wanted.rows:
            found.append(f"table {shown} has {there.rows} rows, not {wanted.rows}")
        elif there != wanted:
            found.append(f"rows of table {shown} are not the same")
    for sequence, (low, high) in one.sequences.items():
        at = positions.get(sequence)
        shown = f'"{sequence.schema}"."{sequence.table}"'
        if at is None:
            found.append(f"sequence {shown} is missing")
        elif not min(low, high) <= at <= max(low, high):
            found.append(f"sequence {shown} stands at {at}, not at {high}")
    return tuple(found)


LOCALE = keyword(
    "SELECT pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype, datlocprovider::text,"
    " coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale', '')"
    " FROM pg_catalog.pg_database AS d WHERE datname = pg_catalog.current_database()"
)
"""How a database orders and encodes text: (encoding, collate, ctype, provider, locale of the provider)."""

EXTENSIONS = keyword(
    "SELECT e.extname, n.nspname FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n"
    " ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql' ORDER BY e.oid"
)
"""The extensions of a database and their schemas, in the order in which they can be made."""


def create(database: str, locale: Sequence[object]) -> Sql:
    """A database that orders text as the one did that ``LOCALE`` was asked in."""
    encoding, collate, ctype, provider, own = (str(one) for one in locale)
    more = Sql(())
    if provider == "i":
        more = sql(" LOCALE_PROVIDER icu ICU_LOCALE {}", literal(own))
    elif provider == "b":
        more = sql(" LOCALE_PROVIDER builtin BUILTIN_LOCALE {}", literal(own))
    return sql(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}{}",
        ident(database),
        literal(encoding),
        literal(collate),
        literal(ctype),
        more,
    )
