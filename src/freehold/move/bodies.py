"""What the text of a function does with the schemas of others, as far as PostgreSQL's own lexer and parser can tell.

The lexer finds every place that names one of the schemas; the parser says of each what it is: a table that is read, one
that is written, a function that is called. What it cannot place, as text that becomes SQL only when it runs, is told
as what it is: undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from freehold.spec.model import TableName
from freehold.sqlbodies import pieces_of
from freehold.sqldepth import tree_of

if TYPE_CHECKING:
    import postgast

PARSED = frozenset({"sql", "plpgsql"})
"""The languages whose texts are understood."""
_WRITES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_QUERIES = frozenset({"SelectStmt", "CallStmt", *_WRITES})
_STRING = ("'", "$", "e'", "E'", "u&'", "U&'", "n'", "N'")

Lookup = Callable[[str], str]
"""The schema in which the function finds a table that it names without one; empty where it is nobody's."""


@dataclass
class Touched:
    """What a text reads, writes and calls in the schemas of others, the types that it names there, and why more cannot
    be said."""

    reads: set[TableName] = field(default_factory=set)
    writes: set[TableName] = field(default_factory=set)
    calls: set[TableName] = field(default_factory=set)
    types: set[TableName] = field(default_factory=set)
    undecided: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a text: a name as PostgreSQL understands it, or (``is_name`` False) the text itself."""

    text: str
    is_name: bool


def touched(language: str, body: str, schemas: frozenset[str], lookup: Lookup = lambda name: "") -> Touched:
    """What a function's text does with these schemas. ``body`` is a whole CREATE FUNCTION where its SQL is no text."""
    found = Touched()
    if language not in PARSED:
        if any(schema.lower() in body.lower() for schema in schemas):
            found.undecided.add(f"its language is {language}, which Freehold does not read")
        return found
    words = _words(body)
    if words is None:
        found.undecided.add("PostgreSQL's lexer does not take its text")
        return found
    dynamic = language == "plpgsql" and any(word.text.lower() == "execute" for word in words if word.is_name)
    placed: set[tuple[str, str]] = set()
    for text in (body,) if language == "sql" else pieces_of(body).pieces:
        _parsed(text, schemas, lookup, found, placed)
    _rows(words, schemas, found, placed)
    for schema, name in sorted(set(_named(words, schemas)) - placed):
        found.undecided.add(f'it names "{schema}"."{name}" where it cannot be told what for')
    for text in _strings(words):
        inside = _words(text) or ()
        named = set(_named(inside, schemas))
        if dynamic and (named or text in schemas):
            found.undecided.add("it builds SQL that names " + _listed(named, text))
        elif named and len(inside) == 3:
            found.undecided.add("it names " + _listed(named, text) + " in a text")
    return found


def base_of(definition: str) -> TableName | None:
    """The only relation of a view, as an updatable one has it; None where it has several, or none."""
    import postgast

    try:
        select = tree_of(definition).stmts[0].stmt.select_stmt
    except (postgast.PgQueryError, UnicodeError, ValueError, IndexError):
        return None
    if len(select.from_clause) != 1 or select.from_clause[0].WhichOneof("node") != "range_var":
        return None
    table = select.from_clause[0].range_var
    return TableName(str(table.schemaname), str(table.relname))


def path_of(setting: str) -> tuple[str, ...]:
    """The schemas of a search_path, as a function's own setting has it."""
    import postgast

    try:
        statement = tree_of(f"SET search_path = {setting}").stmts[0].stmt.variable_set_stmt
    except (postgast.PgQueryError, UnicodeError, ValueError, IndexError):
        return ()
    return tuple(str(one.a_const.sval.sval) for one in statement.args)


def _words(text: str) -> list[_Word] | None:
    import postgast  # a fifth of a second, and only those who look into SQL pay it

    whole = text.encode("utf-8", "replace")
    try:
        scanned = postgast.scan(whole.decode()).tokens
    except (postgast.PgQueryError, UnicodeError, ValueError):
        return None
    # numbers, since the lexer answers with some that have no name
    comments = {postgast.pg_query_pb2.SQL_COMMENT, postgast.pg_query_pb2.C_COMMENT}
    return [
        _word(whole[one.start : one.end].decode("utf-8", "replace")) for one in scanned if one.token not in comments
    ]


def _word(text: str) -> _Word:
    if text.startswith('"'):
        return _Word(text[1:-1].replace('""', '"'), is_name=True)
    is_name = text[:1].isalpha() or text[:1] == "_" or text[:1] >= "\x80"
    return _Word(text.lower() if is_name and not text.startswith(_STRING) else text, is_name and "'" not in text[:3])


def _named(words: Sequence[_Word], schemas: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Every name behind one of the schemas and a point."""
    before = _Word("", is_name=False)
    for schema, point, name in zip(words, words[1:], words[2:], strict=False):
        is_one = schema.is_name and schema.text in schemas and before.text != "."
        if is_one and point.text == "." and name.is_name:
            yield schema.text, name.text
        before = schema


def _rows(words: Sequence[_Word], schemas: frozenset[str], found: Touched, placed: set[tuple[str, str]]) -> None:
    """Variables of the type of a table's rows, or of one of its columns."""
    for at, word in enumerate(words):
        if word.text != "%" or at + 1 >= len(words) or words[at + 1].text not in ("rowtype", "type"):
            continue
        back = 5 if words[at + 1].text == "type" else 3
        for schema, name in _named(words[max(0, at - back) : at], schemas):
            found.reads.add(TableName(schema, name))
            placed.add((schema, name))


def _strings(words: Sequence[_Word]) -> Iterator[str]:
    import postgast

    for word in words:
        if word.is_name or not word.text.startswith(_STRING):
            continue
        try:
            tree = postgast.parse(f"SELECT {word.text}")
        except (postgast.PgQueryError, UnicodeError, ValueError):
            continue  # a parameter such as $1
        for _, node in postgast.walk(tree):
            if node.DESCRIPTOR.name == "A_Const" and node.HasField("sval"):
                yield str(node.sval.sval)


def _parsed(text: str, schemas: frozenset[str], lookup: Lookup, found: Touched, placed: set[tuple[str, str]]) -> None:
    import postgast

    try:
        tree = tree_of(text)
    except (postgast.PgQueryError, UnicodeError, ValueError):
        return  # what it names is not placed
    for one in tree.stmts:
        statement = getattr(one.stmt, str(one.stmt.WhichOneof("node")))
        made = statement.DESCRIPTOR.name == "CreateFunctionStmt"
        query = made or statement.DESCRIPTOR.name in _QUERIES
        own = {str(node.ctename) for _, node in postgast.walk(statement) if node.DESCRIPTOR.name == "CommonTableExpr"}
        targets = {
            _key(node.relation) for _, node in postgast.walk(statement) if query and node.DESCRIPTOR.name in _WRITES
        }
        for _, node in postgast.walk(statement):
            kind = node.DESCRIPTOR.name
            if kind == "RangeVar":
                _range(node, own, schemas, lookup, found, placed, writes=not query or _key(node) in targets)
            elif kind == "SelectStmt" and node.locking_clause:
                for table in _tables(node):
                    _range(table, own, schemas, lookup, found, placed, writes=True)
            elif kind == "ColumnRef":
                names = _strings_of(node.fields)
                if len(names) > 1 and names[0] in schemas:  # a table of the query, called as the schema is
                    placed.add((names[0], names[1]))
            elif kind in ("FuncCall", "TypeName") or (made and kind == "CreateFunctionStmt"):
                names = _strings_of(node.funcname if kind != "TypeName" else node.names)
                if len(names) > 1 and names[-2] in schemas:
                    placed.add((names[-2], names[-1]))
                    (found.types if kind == "TypeName" else found.calls).add(TableName(names[-2], names[-1]))


def _range(
    table: postgast.Node,
    own: set[str],
    schemas: frozenset[str],
    lookup: Lookup,
    found: Touched,
    placed: set[tuple[str, str]],
    *,
    writes: bool,
) -> None:
    schema, name = _key(table)
    if not schema and name not in own:
        schema = lookup(name)
        if schema.startswith("?"):
            found.undecided.add(f'it names "{name}" of schema "{schema[1:]}" without its schema')
            return
    if schema in schemas:
        placed.add((schema, name))
        (found.writes if writes else found.reads).add(TableName(schema, name))


def _key(table: postgast.Node) -> tuple[str, str]:
    return str(table.schemaname), str(table.relname)


def _tables(node: postgast.Node) -> Iterator[postgast.Node]:
    import postgast

    for item in node.from_clause:
        for _, below in postgast.walk(item):
            if below.DESCRIPTOR.name == "RangeVar":
                yield below


def _strings_of(nodes: Sequence[postgast.Node]) -> list[str]:
    return [str(one.string.sval) for one in nodes if one.HasField("string")]


def _listed(named: set[tuple[str, str]], text: str) -> str:
    return ", ".join(f'"{schema}"."{name}"' for schema, name in sorted(named)) or f'schema "{text}"'
