"""What a migration file may hold: its statements, told apart by PostgreSQL's own parser, and those that are refused.

A file runs as a login that is a member of its service's owner role and of nothing else, so the server itself keeps
it in its place. What is refused here is what would break the bookkeeping: ending the transaction that holds the
ledger row, or acting as another role than the owner from some line on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import postgast
from google.protobuf.json_format import MessageToDict

from freehold.sqldepth import tree_of

_MARKER = re.compile(r"--[ \t]*freehold:[ \t]*(?P<word>.*?)[ \t]*")
NO_TRANSACTION = "no-transaction"


class Alone(StrEnum):
    """Why a statement cannot run in a transaction, and what that means when it was interrupted."""

    NO = "no"
    """It runs in a transaction, together with the record that it ran."""
    INDEX = "index"
    """It builds one named index; an interrupted build leaves an invalid index of this name."""
    AGAIN = "again"
    """It can be repeated without harm (VACUUM, REINDEX, DROP INDEX CONCURRENTLY IF EXISTS ...)."""
    UNKNOWN = "unknown"
    """Whether it took effect cannot be told from here; a person has to look."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement of a file. ``index`` is (schema or "", name, table) of the index that Alone.INDEX builds;
    ``line`` counts from 1."""

    text: str
    line: int
    alone: Alone = Alone.NO
    index: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A statement that may not stand in a migration, where, and what to do instead."""

    line: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Script:
    """A migration file taken apart. ``parsed`` False: the parser does not know its syntax, and the server decides."""

    pieces: tuple[Piece, ...]
    refusals: tuple[Refusal, ...]
    parsed: bool = True


def marker(text: str) -> str | None:
    """The word of ``-- freehold: WORD`` on a line of its own before the first statement, or None."""
    for line in text.removeprefix("\ufeff").splitlines():
        if line.strip() and not line.lstrip().startswith("--"):
            return None
        if match := _MARKER.fullmatch(line.strip()):
            return match["word"]
    return None


def inspect(text: str, transactional: bool) -> Script:
    """The statements of ``text`` and what is refused in it. Raises nothing; an unknown syntax is ``parsed=False``."""
    try:
        tree = tree_of(text)
    except (postgast.PgQueryError, ValueError):
        # sent whole; what several statements in one message would do without a transaction, only the server knows
        return Script((Piece(text, 1, Alone.NO if transactional else Alone.UNKNOWN),), (), parsed=False)
    # the parser counts in bytes
    source = text.encode("utf-8")
    pieces: list[Piece] = []
    refusals: list[Refusal] = []
    for parsed in tree.stmts:
        start = parsed.stmt_location
        end = start + parsed.stmt_len if parsed.stmt_len else len(source)
        own = source[start:end].decode("utf-8")
        first = _code(own)
        line = source[:start].count(b"\n") + 1 + own[:first].count("\n")
        kind = str(parsed.stmt.WhichOneof("node"))
        node: dict[str, object] = MessageToDict(parsed.stmt, preserving_proto_field_name=True) if kind in _KINDS else {}
        if why := _refused(node):
            refusals.append(Refusal(line, *why))
        alone, index = _alone(node)
        if transactional and alone is not Alone.NO and kind not in ("call_stmt", "do_stmt"):
            head = " ".join(own[first:].split())
            refusals.append(
                Refusal(
                    line,
                    f'"{head if len(head) <= 60 else head[:57] + "..."}" cannot run in a transaction',
                    f"Put it in a file that has the line `-- freehold: {NO_TRANSACTION}` before its first statement.",
                )
            )
        pieces.append(Piece(own[first:].strip(), line, alone, index))
    return Script(tuple(pieces) or (Piece("", 1),), tuple(refusals))


def _code(text: str) -> int:
    """Where the first word of a statement stands, after blanks and comments (block comments nest)."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text.startswith("--", at):
            at = (text.find("\n", at) + 1) or len(text)
        elif text.startswith("/*", at):
            depth = 0
            for mark in re.finditer(r"/\*|\*/", text[at:]):
                depth += 1 if mark[0] == "/*" else -1
                if depth == 0:
                    at += mark.end()
                    break
            else:
                return at
        else:
            return at
    return at


def _refused(node: dict[str, object]) -> tuple[str, str] | None:
    match node:
        case {"transaction_stmt": {"kind": "TRANS_STMT_SAVEPOINT" | "TRANS_STMT_RELEASE" | "TRANS_STMT_ROLLBACK_TO"}}:
            return None
        case {"transaction_stmt": _}:
            return (
                "a migration may not begin or end a transaction",
                f"Remove it: a file is one transaction, or one a statement with `-- freehold: {NO_TRANSACTION}`.",
            )
        case {"variable_set_stmt": {"name": "role" | "session_authorization"}}:
            return (
                "a migration may not change its role",
                "Remove it: a file runs as the owner role of its service, and what it makes belongs to that role.",
            )
        case {"variable_set_stmt": {"kind": "VAR_RESET_ALL"}}:
            return ("a migration may not RESET ALL", "Reset the settings that it changed by name.")
        case {"discard_stmt": {"target": "DISCARD_ALL"}}:
            return ("a migration may not DISCARD ALL", "Remove it: each file has a session of its own.")
        case {"alter_system_stmt": _}:
            return ("a migration may not change server settings", "Declare them under `settings:`.")
        case {"copy_stmt": {"is_from": True, "filename": _}} | {"copy_stmt": {"is_from": True, "is_program": True}}:
            return None
        case {"copy_stmt": {"is_from": True}}:
            return (
                "COPY FROM STDIN has no input in a migration",
                "Write INSERT statements (`pg_dump --inserts` does), or load the data with psql.",
            )
    return None


def _alone(node: dict[str, object]) -> tuple[Alone, tuple[str, str, str] | None]:
    match node:
        case {"index_stmt": {"concurrent": True, "idxname": str(name), "relation": {"relname": str(table), **place}}}:
            return Alone.INDEX, (str(place.get("schemaname", "")), name, table)
        case {"drop_stmt": {"concurrent": True, "missing_ok": True}}:
            return Alone.AGAIN, None
        case {"index_stmt": {"concurrent": True}} | {"drop_stmt": {"concurrent": True}}:
            return Alone.UNKNOWN, None
        case {"reindex_stmt": {"kind": "REINDEX_OBJECT_SCHEMA" | "REINDEX_OBJECT_SYSTEM" | "REINDEX_OBJECT_DATABASE"}}:
            return Alone.AGAIN, None
        case {"reindex_stmt": {"params": list(options)}} if any(_is_concurrently(option) for option in options):
            return Alone.AGAIN, None
        case {"vacuum_stmt": {"is_vacuumcmd": True}}:
            return Alone.AGAIN, None
        case {"cluster_stmt": dict(cluster)} if "relation" not in cluster:
            return Alone.AGAIN, None
        case {"alter_table_stmt": {"cmds": list(commands)}} if any(_detaches(command) for command in commands):
            return Alone.UNKNOWN, None
        case {"call_stmt": _} | {"do_stmt": _}:
            # either may commit inside
            return Alone.UNKNOWN, None
        case {"createdb_stmt": _} | {"dropdb_stmt": _}:
            return Alone.UNKNOWN, None
        case {"create_subscription_stmt": _} | {"drop_subscription_stmt": _}:
            return Alone.UNKNOWN, None
        case {"create_table_space_stmt": _} | {"drop_table_space_stmt": _}:
            return Alone.UNKNOWN, None
    return Alone.NO, None


def _is_concurrently(option: object) -> bool:
    match option:
        case {"def_elem": {"defname": "concurrently"}}:
            return True
    return False


def _detaches(command: object) -> bool:
    match command:
        case {"alter_table_cmd": {"def": {"partition_cmd": {"concurrent": True}}}}:
            return True
        case {"alter_table_cmd": {"subtype": "AT_DetachPartitionFinalize"}}:
            return True
    return False


_KINDS = frozenset(
    {
        *("transaction_stmt", "variable_set_stmt", "discard_stmt", "alter_system_stmt", "copy_stmt", "index_stmt"),
        *("drop_stmt", "reindex_stmt", "vacuum_stmt", "cluster_stmt", "alter_table_stmt", "call_stmt", "do_stmt"),
        *("createdb_stmt", "dropdb_stmt", "create_subscription_stmt", "drop_subscription_stmt"),
        *("create_table_space_stmt", "drop_table_space_stmt"),
    }
)
"""Kinds worth a look; a file of a million INSERTs is not turned inside out."""
