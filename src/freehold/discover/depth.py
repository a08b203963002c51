"""Whether SQL may nest too deeply to be parsed: what is too deep ends the process, not the call.

A chain of operators, joins or casts nests by one for each link, and reading its tree recurses. Lists do not nest beyond
their items, and constants not at all, so a long INSERT or a long body of a function is no danger: what counts is the
longest stretch of words without a comma or a semicolon, as PostgreSQL's lexer, which does not recurse, cuts them. Chains
of forty thousand additions ended the process; chains of twenty thousand were refused in order.
"""

from __future__ import annotations

SHORT = 20_000
"""Characters of a text that cannot nest dangerously, whatever it says."""

STRETCH = 10_000
"""Words of one stretch."""


def too_deep(text: str) -> bool:
    """Whether a stretch of ``text`` is longer than is safe."""
    if len(text) <= SHORT:
        return False
    import postgast  # a fifth of a second, and only those who meet such texts pay it

    try:
        tokens = postgast.scan(text).tokens
    except (postgast.PgQueryError, UnicodeError, ValueError):
        return False  # the parser will not get further than the lexer
    run = 0
    for token in tokens:
        run = 0 if token.token in _ENDS else run + 1
        if run > STRETCH:
            return True
    return False


_ENDS = frozenset(map(ord, ",;"))
"""Words of one character are numbered by it."""
