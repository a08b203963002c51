"""PgBouncer's own console as a session: questions in its words, answers as rows with names."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from freehold.errors import ServerError, Unreachable
from freehold.pg.session import PgSession, connect
from freehold.pool.text import ADMIN_DATABASE
from freehold.sqltext import Sql, ident, keyword, sql

_PAUSE_RETURNS_MS = 500


class Console:
    """The console of one PgBouncer process. Holds one connection; call ``close``.

    The console speaks only the simple protocol, and what it lists grows with its version: rows come as mappings.
    """

    def __init__(self, parameters: dict[str, str | int]) -> None:
        self._parameters = {**parameters, "dbname": ADMIN_DATABASE, "application_name": "freehold"}
        self._session = connect(self._parameters)

    def show(self, what: Sql) -> list[Mapping[str, str]]:
        """The rows of SHOW ``what``, every value as text."""
        return [
            {name: "" if value is None else str(value) for name, value in row.items()}
            for row in self._session.named(sql("SHOW {}", what))
        ]

    def pause(self, alias: str, timeout_ms: int) -> bool:
        """Let what runs finish and hold back the rest. False when that took too long: everything runs on then.

        Waits on a connection of its own: a PAUSE whose work is undone by RESUME never answers (pgbouncer issue 715).
        """
        waiter = connect(self._parameters)
        failed: list[ServerError] = []

        def wait() -> None:
            try:
                waiter.execute(sql("PAUSE {}", ident(alias)))
            except ServerError as error:
                failed.append(error)

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        thread.join(timeout_ms / 1000)
        if thread.is_alive():
            self.resume(alias)
            waiter.abandon()
            thread.join(_PAUSE_RETURNS_MS / 1000)
            return False
        waiter.close()
        if failed and "already" not in failed[0].message:
            raise failed[0]
        return True

    def resume(self, alias: str) -> None:
        """Let traffic flow; nothing happens where it flows already."""
        try:
            self._session.execute(sql("RESUME {}", ident(alias)))
        except ServerError as error:
            if "not paused" not in error.message:
                raise

    def reload(self) -> None:
        """Read the files anew; changed entries apply to server connections opened from now on."""
        self._session.execute(keyword("RELOAD"))

    def reconnect(self, alias: str) -> None:
        """Close each server connection of the entry when its transaction ends, and open new ones."""
        self._session.execute(sql("RECONNECT {}", ident(alias)))

    def shutdown(self) -> None:
        """End the process now; clients are cut off."""
        try:
            self._session.execute(keyword("SHUTDOWN"))
        except Unreachable:
            return  # it went away before it answered: that is what was asked

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._session.close()


def open_console(host: str, port: int, user: str, password: str) -> Console:
    """The console of the process that answers at ``host`` (a folder: its Unix socket). Raises ServerError."""
    return Console({"host": host, "port": port, "user": user, "password": password, "sslmode": "prefer"})


__all__ = ["Console", "PgSession", "open_console"]
