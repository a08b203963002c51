"""Commands about moves in a process of their own that is killed at an effect of what they do to links."""

from __future__ import annotations

import gc
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

from freehold.cli import movelinks
from freehold.cli.main import main
from freehold.found.model import Found
from freehold.move.run import retiring
from freehold.pg.servers import PgServers
from freehold.pg.session import PgSession
from freehold.sqltext import Sql
from freehold.testing.killing import Fuse
from support.command import Desk

Got = TypeVar("Got")


def run(found: Desk, words: Sequence[str], fuse: Fuse) -> tuple[bool, int]:
    """Run ``freehold`` with these words; whether it was killed, and how many effects on links there were until then."""
    heard, told = os.pipe()
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _be(found, words, fuse, told)
    os.close(told)
    _, status = os.waitpid(child, 0)
    with os.fdopen(heard, "rb") as lines:
        count = lines.read().count(b".")
    log = (found.folder / "killed.log").read_text(errors="replace")
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, log
    return os.WIFSIGNALED(status), count


def _be(found: Desk, words: Sequence[str], fuse: Fuse, told: int) -> NoReturn:
    status = 1
    try:
        gc.disable()  # what it collects in the middle of an import may import itself
        os.chdir(found.folder)
        os.environ.clear()
        os.environ.update(found.environment())
        log = os.open("killed.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.argv[1:] = words
        sys.stdout = sys.stderr = Path("killed.log").open("a", encoding="utf-8")  # noqa: SIM115
        _Killing(fuse, told).arm()
        try:
            main()
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 1
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
    finally:
        os._exit(status)


class _Killing:
    """Counts what is changed on servers while links are made, led elsewhere or ended, and while what takes the place of
    old tables is made; reads do not count."""

    def __init__(self, fuse: Fuse, told: int) -> None:
        self._fuse = fuse
        self._told = told
        self._inside = 0

    def arm(self) -> None:
        """From here on this process is killed at the fuse. There is no way back."""
        for module, names in ((movelinks, ("lead", "relead", "unlead")), (retiring, ("_put_away",))):
            for name in names:
                setattr(module, name, self._within(getattr(module, name)))
        query, execute, transaction = PgSession.query, PgSession.execute, PgSession.transaction
        write_hba, read = PgServers.write_hba, PgServers.read

        def counted_query(one: PgSession, sql: Sql, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
            with self._effect(str(sql)):
                return query(one, sql, parameters)

        def counted_execute(one: PgSession, sql: Sql, resolve: Callable[[str], str] | None = None) -> None:
            with self._effect(str(sql)):
                execute(one, sql, resolve)

        @contextmanager
        def counted_transaction(one: PgSession) -> Iterator[None]:
            with self._effect("COMMIT"), transaction(one):
                yield

        def counted_hba(one: PgServers, instance: str, lines: Sequence[str]) -> None:
            with self._effect("pg_hba.conf"):
                write_hba(one, instance, lines)

        def uncounted(one: PgServers, instances: Sequence[str], databases: Mapping[str, Sequence[str]]) -> Found:
            inside, self._inside = self._inside, 0
            try:
                return read(one, instances, databases)
            finally:
                self._inside = inside

        PgSession.query = counted_query
        PgSession.execute = counted_execute
        PgSession.transaction = counted_transaction
        PgServers.write_hba = counted_hba
        PgServers.read = uncounted

    def _within(self, work: Callable[..., Got]) -> Callable[..., Got]:
        def counted(*given: object, **named: object) -> Got:
            self._inside += 1
            try:
                return work(*given, **named)
            finally:
                self._inside -= 1

        return counted

    @contextmanager
    def _effect(self, text: str) -> Iterator[None]:
        words = text.split(maxsplit=1)
        reads = words and words[0].upper() in _READS and "_replication_slot(" not in text
        if not self._inside or reads:
            yield
            return
        os.write(self._told, b".")
        with self._fuse.effect():
            yield


_READS = frozenset({"BEGIN", "COMMIT;", "ROLLBACK", "SELECT", "SET", "SHOW", "WITH"})
