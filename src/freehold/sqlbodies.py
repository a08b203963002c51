"""The SQL inside a PL/pgSQL body, cut out by PostgreSQL's own lexer so that each piece can be parsed by its parser.

The body is cut at semicolons and at the words that begin a block (BEGIN, THEN, ELSE, LOOP), outside parentheses and
CASE expressions. In each piece the first word that begins a query (SELECT, INSERT, .., PERFORM) is looked for; from
there to the end of the piece, or to the parenthesis that closes around it, is SQL. What EXECUTE builds at run time is
no SQL yet and only counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_STARTS = frozenset({"select", "insert", "update", "delete", "merge", "with", "perform", "values"})
_CUTS = frozenset({"begin", "then", "else", "loop", "declare", "exception"})
_DEPTH = {"(": 1, ")": -1}


@dataclass(frozen=True, slots=True)
class Body:
    """The pieces of SQL of one body; ``dynamic`` counts statements built at run time, ``readable`` is False where even
    the lexer gave up."""

    pieces: tuple[str, ...]
    dynamic: int = 0
    readable: bool = True


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    word: str


def pieces_of(body: str) -> Body:
    """The SQL in a PL/pgSQL body."""
    import postgast  # a fifth of a second, and only those who look into SQL pay it

    text = body.encode("utf-8", "replace")
    try:
        scanned = postgast.scan(text.decode()).tokens
    except (postgast.PgQueryError, UnicodeError, ValueError):
        return Body((), readable=False)
    # numbers, since the lexer answers with some that have no name
    comments = {postgast.pg_query_pb2.SQL_COMMENT, postgast.pg_query_pb2.C_COMMENT}
    tokens = [
        _Token(one.start, one.end, text[one.start : one.end].decode("utf-8", "replace").lower())
        for one in scanned
        if one.token not in comments
    ]
    pieces: list[str] = []
    dynamic = 0
    for chunk in _chunks(tokens):
        dynamic += sum(one.word == "execute" for one in chunk)
        for first, last in _queries(chunk):
            piece = _without_targets(text, chunk[first:last]).decode("utf-8", "replace")
            pieces.append(f"select{piece[len('perform') :]}" if piece[:7].lower() == "perform" else piece)
    return Body(tuple(pieces), dynamic)


def _chunks(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    chunk: list[_Token] = []
    depth = cases = 0
    for token in tokens:
        depth += _DEPTH.get(token.word, 0)
        if token.word == "case":
            cases += 1
        elif token.word == "end" and cases:
            cases -= 1
        ends = token.word == ";" or (token.word in _CUTS and not cases and depth <= 0)
        if not ends:
            chunk.append(token)
            continue
        if token.word == ";":
            # what was left open belongs to this statement alone: END CASE closes a statement, no expression
            depth = cases = 0
        yield chunk
        chunk = []
    yield chunk


def _queries(chunk: Sequence[_Token]) -> Iterator[tuple[int, int]]:
    """Where each SQL of a piece starts and ends: one that stands alone, or several in parentheses."""
    at = 0
    while at < len(chunk):
        if chunk[at].word not in _STARTS:
            at += 1
            continue
        start, depth = at, 0
        while at < len(chunk) and (depth := depth + _DEPTH.get(chunk[at].word, 0)) >= 0:
            at += 1
        yield start, at


def _without_targets(text: bytes, tokens: Sequence[_Token]) -> bytes:
    """The text of a query without ``INTO [STRICT] variable, ..``, which is PL/pgSQL's own."""
    kept, start, at = b"", tokens[0].start, 0
    while at < len(tokens):
        if tokens[at].word != "into" or tokens[at - 1].word in ("insert", "merge"):
            at += 1
            continue
        kept += text[start : tokens[at].start]
        at += 1
        if at < len(tokens) and tokens[at].word == "strict":
            at += 1
        # a variable, then as many of ".field" and ", variable" as there are
        at += 1
        while at + 1 < len(tokens) and tokens[at].word in (".", ","):
            at += 2
        if at >= len(tokens):
            return kept
        start = tokens[at].start
    return kept + text[start : tokens[-1].end]
