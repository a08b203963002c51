"""The databases sort and compare text by different rules.

ORDER BY without COLLATE answers in another order after the move, and a text that is found by LIKE may need another
index. A version that differs from the one the database was made with means the same for its own indexes.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, database
from freehold.sqltext import ident, sql

_PROVIDERS = {"b": "builtin", "c": "libc", "i": "icu"}


@check(Level.WARNING)
def locale(facts: Facts) -> Iterator[Note]:
    if facts.source.locale != facts.target.locale:
        yield Note(
            database(facts.target),
            f"its locale is {_shown(facts.target.locale)}, the source has {_shown(facts.source.locale)}",
            "Make the empty database again with the locale of the source.",
        )
    for side in (facts.source, facts.target):
        if side.locale_version != side.locale_version_now:
            refresh = sql("ALTER DATABASE {} REFRESH COLLATION VERSION", ident(side.side.database))
            yield Note(
                database(side),
                f"its locale had version {side.locale_version} when it was made, and has {side.locale_version_now} now",
                refresh.shown(),
                "Indexes on text may be wrong until they are built again: REINDEX DATABASE first.",
            )


def _shown(locale: tuple[str, str, str, str]) -> str:
    provider, collate, ctype, name = locale
    return f"{_PROVIDERS.get(provider, provider)} {name or collate}{'' if collate == ctype else f'/{ctype}'}"
