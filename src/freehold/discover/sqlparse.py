"""What one SQL statement does, told by PostgreSQL's own parser; no other module of discovery knows the parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from freehold.discover.depth import too_deep

_WORTH = re.compile(
    r"\s*(?:/\*.*?\*/\s*)*(CREATE|ALTER|GRANT|REVOKE|DROP|DO|SELECT|WITH|UPDATE|DELETE|INSERT|TRUNCATE)\b",
    re.IGNORECASE | re.DOTALL,
)
_CREATE_DATABASE = re.compile(r"\bCREATE\s+DATABASE\s+(?!IF\s+NOT\b)(?:\"([^\"]+)\"|([\w$-]+))", re.IGNORECASE)


_IF_NOT_EXISTS = re.compile(r"\s*CREATE\s+DATABASE\s+IF\s+NOT\s+EXISTS\s+(?:\"([^\"]+)\"|([\w$-]+))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Done:
    """One effect: ``what`` (database, drop database, refused, schema, table, role, connect, setting, needs), and nouns.

    ``needs`` is a table that must be there: ``how`` says for what; ``schema`` and ``name`` are of the object the
    statement is about, ``to_schema`` and ``to_name`` of the one it needs. ``offset`` counts characters.
    """

    what: str
    name: str = ""
    schema: str = ""
    owner: str = ""
    how: str = ""
    to_schema: str = ""
    to_name: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    flag: bool = False
    sure: bool = True


def effects(text: str) -> tuple[Done, ...] | None:
    """Every effect of a statement, or None where the parser does not take it."""
    if not _WORTH.match(text):
        return ()
    import postgast  # a fifth of a second, and only those who meet SQL pay it
    from google.protobuf.message import DecodeError

    if too_deep(text):
        return None
    body = re.sub(r"\\g(exec|set)?\s*$", "", text)
    if too_deep(body):
        return None
    try:
        tree = postgast.parse(body)
    except (postgast.PgQueryError, DecodeError, UnicodeError, ValueError, RecursionError):
        return None
    found: list[Done] = []
    for raw in tree.stmts:
        kind = raw.stmt.WhichOneof("node")
        if kind is not None:
            found += _effects(str(kind), getattr(raw.stmt, kind))
    if not found and ("\\gexec" in text or "EXECUTE" in text.upper() or "dblink" in text):
        found += [Done("database", name=m[1] or m[2], sure=False) for m in _CREATE_DATABASE.finditer(text)]
    return tuple(found)


def searched(text: str) -> tuple[Done, ...]:
    """The databases that a text would create if it were run, found by words alone."""
    found = [Done("database", name=m[1] or m[2].lower(), sure=False) for m in _CREATE_DATABASE.finditer(text)]
    if match := _IF_NOT_EXISTS.match(text):
        found.append(Done("refused", name=match[1] or match[2].lower()))
    return tuple(found)


def _effects(kind: str, node: object) -> Iterator[Done]:
    made = _KINDS.get(kind)
    if made is not None:
        yield from made(node)


def _database(node: object) -> Iterator[Done]:
    options = {_text(o, "defname"): o for o in _items(node, "options")}
    yield Done("database", name=_text(node, "dbname"), owner=_string(options.get("owner")))


def _drop_database(node: object) -> Iterator[Done]:
    yield Done("drop database", name=_text(node, "dbname"))


def _schema(node: object) -> Iterator[Done]:
    yield Done("schema", name=_text(node, "schemaname") or _text(_child(node, "authrole"), "rolename"),
               owner=_text(_child(node, "authrole"), "rolename"))  # fmt: skip


def _role(node: object) -> Iterator[Done]:
    values = {_text(o, "defname"): bool(getattr(_child(o, "arg"), "boolval", False)) for o in _items(node, "options")}
    login = values.get("canlogin", _enum(node, "stmt_type") == "ROLESTMT_USER")
    yield Done("role", name=_text(node, "role") or _text(_child(node, "role"), "rolename"),
               how="login" if login else "", flag=values.get("superuser", False))  # fmt: skip


def _table(node: object) -> Iterator[Done]:
    relation = _child(node, "relation")
    schema, name = _text(relation, "schemaname"), _text(relation, "relname")
    if _text(relation, "relpersistence") == "t":
        return
    columns: list[tuple[str, str]] = []
    for element in _items(node, "table_elts"):
        if _is(element, "ColumnDef"):
            columns.append((_text(element, "colname"), _type(_child(element, "type_name"))))
            for constraint in _items(element, "constraints"):
                yield from _reference(schema, name, constraint)
        elif _is(element, "Constraint"):
            yield from _reference(schema, name, element)
    yield Done("table", name=name, schema=schema, columns=tuple(columns))
    for parent in _items(node, "inh_relations"):
        yield _needs("parent table", schema, name, parent)


def _reference(schema: str, name: str, constraint: object) -> Iterator[Done]:
    table = _child(constraint, "pktable")
    if _text(table, "relname"):
        yield _needs("foreign key", schema, name, table)


def _alter(node: object) -> Iterator[Done]:
    relation = _child(node, "relation")
    schema, name = _text(relation, "schemaname"), _text(relation, "relname")
    if _enum(node, "objtype") == "OBJECT_TABLE":
        yield Done("needs", name=name, schema=schema, how="change", to_schema=schema, to_name=name)
    for command in _items(node, "cmds"):
        definition = _child(command, "def")
        yield from _reference(schema, name, definition)
        for constraint in _items(definition, "constraints"):
            yield from _reference(schema, name, constraint)


def _index(node: object) -> Iterator[Done]:
    yield _needs("index", "", _text(node, "idxname"), _child(node, "relation"))


def _policy(node: object) -> Iterator[Done]:
    yield _needs("policy", "", _text(node, "policy_name"), _child(node, "table"))


def _trigger(node: object) -> Iterator[Done]:
    yield _needs("trigger", "", _text(node, "trigname"), _child(node, "relation"))


def _view(node: object) -> Iterator[Done]:
    view = _child(node, "view")
    yield Done("view", name=_text(view, "relname"), schema=_text(view, "schemaname"))
    yield from _ranges("view", _text(view, "schemaname"), _text(view, "relname"), _child(node, "query"))


def _table_as(node: object) -> Iterator[Done]:
    into = _child(_child(node, "into"), "rel")
    schema, name = _text(into, "schemaname"), _text(into, "relname")
    yield Done("table" if _enum(node, "objtype") == "OBJECT_TABLE" else "view", name=name, schema=schema)
    yield from _ranges("view", schema, name, _child(node, "query"))


def _query(node: object) -> Iterator[Done]:
    yield from _ranges("query", "", "", node)


def _function(node: object) -> Iterator[Done]:
    import postgast

    names = [s for s in (_text(n, "sval") for n in _items(node, "funcname")) if s]
    for option in _items(node, "options"):
        if _text(option, "defname") != "as":
            continue
        for _, below in postgast.walk(option):
            if below.DESCRIPTOR.name == "String":
                inner = effects(below.sval) if below.sval.strip().upper().startswith(("SELECT", "WITH")) else ()
                for done in inner or ():
                    if done.what == "needs":
                        yield Done("needs", name=names[-1] if names else "", how="function",
                                   to_schema=done.to_schema, to_name=done.to_name)  # fmt: skip


def _grant(node: object) -> Iterator[Done]:
    if _enum(node, "objtype") != "OBJECT_DATABASE":
        return
    named = {_text(privilege, "priv_name") for privilege in _items(node, "privileges")}
    if named and "connect" not in named:
        return
    grantees = [_text(g, "rolename") or "public" for g in _items(node, "grantees")]
    for item in _items(node, "objects"):
        for role in grantees:
            yield Done("connect", name=_text(item, "sval"), owner=role, flag=bool(getattr(node, "is_grant", False)))


def _setting(node: object) -> Iterator[Done]:
    yield Done("setting", name=_text(_child(node, "setstmt"), "name"))


def _do(node: object) -> Iterator[Done]:
    import postgast

    for _, below in postgast.walk(node):
        if below.DESCRIPTOR.name == "String":
            for match in _IN_BODY.finditer(below.sval):
                superuser = bool(re.search(r"\bSUPERUSER\b", match[3] or "", re.IGNORECASE))
                yield Done("role", name=match[1] or match[2].lower(), how="login", flag=superuser, sure=False)
            yield from searched(below.sval)


_IN_BODY = re.compile(r"\bCREATE\s+(?:ROLE|USER)\s+(?:\"([^\"]+)\"|(\w+))([^;']*)", re.IGNORECASE)


def _ranges(how: str, schema: str, name: str, node: object) -> Iterator[Done]:
    """Every table a query names, except its own WITH names."""
    import postgast

    if node is None:
        return
    own: set[str] = set()
    found: dict[tuple[str, str], None] = {}
    for _, below in postgast.walk(node):
        if below.DESCRIPTOR.name == "CommonTableExpr":
            own.add(below.ctename)
        elif below.DESCRIPTOR.name == "RangeVar":
            found[below.schemaname, below.relname] = None
    tables = [t for t in found if (t[0] or t[1] not in own) and t[0] not in ("pg_catalog", "information_schema")]
    if how == "query":
        how = "join" if len(tables) > 1 else "query"
    for to_schema, to_name in tables:
        if not to_name.startswith("pg_"):
            yield Done("needs", name=name, schema=schema, how=how, to_schema=to_schema, to_name=to_name)


def _needs(how: str, schema: str, name: str, table: object) -> Done:
    return Done("needs", name=name, schema=schema, how=how,
                to_schema=_text(table, "schemaname"), to_name=_text(table, "relname"))  # fmt: skip


def _type(node: object) -> str:
    names = [_text(n, "sval") for n in _items(node, "names")]
    return ".".join(name for name in names if name != "pg_catalog") + ("[]" if _items(node, "array_bounds") else "")


def _inner(node: object) -> object:
    """The message inside a Node, which wraps everything that may be of several kinds."""
    which = getattr(node, "WhichOneof", None)
    if which is not None and _is(node, "Node"):
        kind = which("node")
        return getattr(node, kind) if kind else node
    return node


def _is(node: object, name: str) -> bool:
    return bool(getattr(getattr(node, "DESCRIPTOR", None), "name", "") == name)


def _items(node: object, field: str) -> list[object]:
    value = getattr(node, field, None)
    return [] if value is None or isinstance(value, str) else [_inner(item) for item in value]


def _enum(node: object, field: str) -> str:
    """The name of an enumerated value, as PostgreSQL's sources have it."""
    descriptor = getattr(node, "DESCRIPTOR", None)
    number = getattr(node, field, 0)
    return str(descriptor.fields_by_name[field].enum_type.values_by_number[number].name) if descriptor else ""


def _child(node: object, field: str) -> object:
    has = getattr(node, "HasField", None)
    if has is None or not hasattr(node, field):
        return None
    try:
        return _inner(getattr(node, field)) if has(field) else None
    except ValueError:  # a list, or a plain value
        return None


def _text(node: object, field: str) -> str:
    value = getattr(node, field, "")
    return value if isinstance(value, str) else ""


def _string(option: object) -> str:
    arg = _child(option, "arg")
    return _text(arg, "sval") or _text(arg, "rolename")


_KINDS = {
    "createdb_stmt": _database, "dropdb_stmt": _drop_database, "create_schema_stmt": _schema,
    "create_role_stmt": _role, "create_stmt": _table, "alter_table_stmt": _alter, "index_stmt": _index,
    "create_policy_stmt": _policy, "create_trig_stmt": _trigger, "view_stmt": _view, "create_table_as_stmt": _table_as,
    "select_stmt": _query, "insert_stmt": _query, "update_stmt": _query, "delete_stmt": _query,
    "create_function_stmt": _function, "grant_stmt": _grant, "alter_system_stmt": _setting, "do_stmt": _do,
}  # fmt: skip
