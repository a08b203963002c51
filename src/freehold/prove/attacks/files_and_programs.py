"""Read the server's files and run programs on its machine.

Tried: as each login, COPY FROM PROGRAM and COPY TO PROGRAM, pg_read_file, pg_ls_dir, pg_stat_file, lo_import and
lo_export, and COPY of a file.

Why: a login that runs programs on the database's machine is a shell there, and reads every service's files.

Holds it off: only members of pg_execute_server_program, pg_read_server_files and pg_write_server_files may; no
declared role is one, however long the chain. All layouts hold this.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.hostile import Attempt, by_role, hostile_attack
from freehold.prove.model import Login, Piece, Scene
from freehold.prove.why import Ground
from freehold.sqltext import ident, keyword, sql

_PROGRAM = "pg_execute_server_program"
_READ = "pg_read_server_files"
_NO_FILE = frozenset({"58P01"})


def _attempts(scene: Scene, login: Login, piece: Piece) -> Iterator[Attempt]:
    server = scene.found.servers[piece.instance]

    def grounds(role: str) -> tuple[Ground, ...]:
        return by_role(server, login.role, role)

    name = f"instance {piece.instance}"
    program = "can run programs on the server's machine"
    # 38000 and XX000 come from the program itself, so it was run
    run = keyword("COPY (SELECT 1) TO PROGRAM 'cat >/dev/null'")
    yield Attempt(run, name, program, grounds(_PROGRAM), opened=frozenset({"38000", "XX000"}))
    files = "can read the server's files"
    for statement in (
        keyword("SELECT pg_catalog.length(pg_catalog.pg_read_file('postgresql.conf'))"),
        keyword("SELECT pg_catalog.pg_ls_dir('.')"),
        keyword("SELECT (pg_catalog.pg_stat_file('postgresql.conf')).size"),
        keyword("SELECT pg_catalog.lo_import('postgresql.conf')"),
    ):
        yield Attempt(statement, name, files, grounds(_READ), opened=_NO_FILE)
    # COPY asks for the role before it looks for the file, so a file that is not there shows the right without a trace
    canary = scene.canaries.get(login.service)
    if canary is not None and login.purpose == "app":
        into = sql("COPY {} (token) FROM '/nonexistent-freehold/file'", ident(canary.schema, canary.table))
        yield Attempt(into, name, files, grounds(_READ), opened=_NO_FILE)
    yield Attempt(
        keyword("COPY (SELECT 1) TO '/nonexistent-freehold/file'"),
        name,
        "can write files on the server",
        grounds("pg_write_server_files"),
        opened=_NO_FILE,
    )


files_and_programs = hostile_attack(
    "files_and_programs", "I14", "read files and run programs of the server's machine", _attempts
)
