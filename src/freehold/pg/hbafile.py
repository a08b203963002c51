"""pg_hba.conf of an instance we own: replaced by rename, believed only when the server has read it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from freehold.errors import LocalStateError, ServerError
from freehold.pg import files as datafiles
from freehold.pg.session import PgSession
from freehold.sqltext import keyword, literal, sql


@dataclass(frozen=True, slots=True)
class OwnedFiles:
    """The data folder of an instance of ours, and the account (uid, gid) that its server runs as."""

    data: Path
    uid: int
    gid: int

    @property
    def hba(self) -> Path:
        return self.data / "pg_hba.conf"


_ERRORS = keyword(
    "SELECT line_number::text, error FROM pg_catalog.pg_hba_file_rules WHERE error IS NOT NULL ORDER BY line_number"
)
_RELOAD = keyword(
    "WITH asked AS MATERIALIZED (SELECT pg_catalog.clock_timestamp()::text AS at)"
    " SELECT asked.at FROM asked WHERE pg_catalog.pg_reload_conf()"
)
_RELOAD_TRIES = 40


def read(files: OwnedFiles) -> tuple[str, ...]:
    """The lines as they stand. Raises LocalStateError when the file cannot be read."""
    try:
        return tuple(datafiles.read(files.hba).removesuffix("\n").split("\n"))
    except OSError as error:
        raise _cannot("read", files, error) from None


def write(files: OwnedFiles, lines: Sequence[str], session: PgSession, reopen: Callable[[], PgSession]) -> None:
    """Replace the file, ask the server what it thinks of it, reload, and connect again; undo on any complaint.

    pg_hba_file_rules reads the file from disk, so it judges the new lines before they are in force. ``reopen``
    proves that Freehold itself is not locked out; ``session`` was open before and can still put the old file back.
    Returns when the postmaster has the new lines in force.
    """
    if any("\n" in line or "\r" in line or "\0" in line for line in lines):
        raise LocalStateError(
            "a line of pg_hba.conf would hold a line break",
            hint="PostgreSQL has no way to write such a name there; rename the database or the role.",
        )
    before = read(files)
    if tuple(lines) == before:
        return
    try:
        _replace(files, lines)
        complaints = session.query(_ERRORS)
        if complaints:
            number, text = complaints[0]
            raise ServerError(
                f"the server refuses line {number} of the new pg_hba.conf: {text}",
                hint="The old file is back in place; nothing has changed.",
                sqlstate="F0000",
            )
        _reload(session, reopen)
    except OSError as error:
        _restore(files, before, session)
        raise _cannot("write", files, error) from None
    except BaseException:
        _restore(files, before, session)
        raise


def _reload(session: PgSession, reopen: Callable[[], PgSession]) -> None:
    ((asked,),) = session.query(_RELOAD)
    for attempt in range(_RELOAD_TRIES):
        fresh = reopen()
        try:
            # a new backend inherits the postmaster's load time: it says whether the signal has been handled
            if fresh.query(sql("SELECT pg_catalog.pg_conf_load_time() >= {}::timestamptz", literal(str(asked)))) == [
                (True,)
            ]:
                return
        finally:
            fresh.close()
        time.sleep(0.005 * (attempt + 1))
    raise ServerError(
        "the server did not reload its configuration", hint="Look at the server's log for the reason.", sqlstate="F0000"
    )


def _restore(files: OwnedFiles, before: Sequence[str], session: PgSession) -> None:
    if read(files) != tuple(before):
        _replace(files, before)
        session.query(_RELOAD)


def _replace(files: OwnedFiles, lines: Sequence[str]) -> None:
    datafiles.write(files.hba, "".join(f"{line}\n" for line in lines), (files.uid, files.gid))


def _cannot(verb: str, files: OwnedFiles, error: OSError) -> LocalStateError:
    return LocalStateError(
        f'cannot {verb} "{files.hba}": {error.strerror}', hint="Check who owns the folder and whether the disk is full."
    )
