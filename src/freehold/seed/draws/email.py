"""Addresses of electronic mail at domains that no one owns; unique by the row's number.

With ``of`` the part before the @ follows another column, a name for example.

Example:
    columns:
      email: email
      full_name: name
      contact: {email: {of: full_name, domain: mail.example}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.lists import FIRST_NAMES, LAST_NAMES, MAIL_DOMAINS, ascii_name
from freehold.seed.model import Chunk, Value

_FIRSTS = tuple(ascii_name(name) for name in FIRST_NAMES)
_LASTS = tuple(ascii_name(name) for name in LAST_NAMES)


def _make(args: Args, place: Place) -> Drawn:
    of, unique = args.text("of"), args.flag("unique", True)
    domain = args.text("domain")
    domains = (domain,) if domain else MAIL_DOMAINS
    if of and place.sibling(of) is None:
        args.refuse("of", f'there is no column "{of}" to follow', "Name a column that is drawn.")
        of = ""
    stream = place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        words, others = stream.pairs(chunk.rows)
        if of:
            before = [".".join(ascii_name(str(value or "")).split()) or "x" for value in chunk.column(of)]
        else:
            before = [
                f"{_FIRSTS[word % len(_FIRSTS)]}.{_LASTS[other % len(_LASTS)]}"
                for word, other in zip(words, others, strict=True)
            ]
        return [
            f"{text}{row + 1 if unique else ''}@{domains[(word >> 40) % len(domains)]}"
            for text, row, word in zip(before, chunk.rows, words, strict=True)
        ]

    return Drawn(Kind.TEXT, values, plain=domain.isprintable() and "\\" not in domain)


email = Draw(
    _make,
    {
        "of": "a column whose text stands before the @",
        "domain": "what stands behind the @; several reserved domains",
        "unique": "true or false: whether the row's number stands before the @; true",
    },
)
