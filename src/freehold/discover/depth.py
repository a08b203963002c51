"""Whether SQL may nest too deeply to be parsed: what is too deep ends the process, not the call.

A chain of operators, joins or casts nests by one for each link, and reading its tree recurses. Lists do not nest beyond
their items, and constants not at all, so a long INSERT or a long body of a function is no danger: what counts is the
longest stretch of words in one pair of parentheses without a comma, as PostgreSQL's lexer, which does not recurse, cuts
them. Parentheses themselves are bounded by the parser. Chains of forty thousand additions ended the process; chains of
twenty thousand were refused in order.
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
    runs = [0]
    for token in tokens:
        if token.token == _OPEN:
            runs.append(0)
        elif token.token == _CLOSE and len(runs) > 1:
            runs.pop()
            runs[-1] += 1
        elif token.token == _COMMA:
            runs[-1] = 0
        elif token.token == _END:
            runs = [0]
        else:
            runs[-1] += 1
        if runs[-1] > STRETCH:
            return True
    return False


_OPEN, _CLOSE, _COMMA, _END = map(ord, "(),;")
"""Words of one character are numbered by it."""
