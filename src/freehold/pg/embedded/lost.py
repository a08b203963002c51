"""Gives an instance's administrator a new password when the old one was lost with the secrets file.

Whoever may read the data folder owns the data; so the server is run in its single-user mode, in which it asks
nobody for a password, listens nowhere, and ends after one statement.
"""

from __future__ import annotations

from freehold.errors import LocalStateError, ServerError
from freehold.pg.embedded.account import Account
from freehold.pg.embedded.binaries import Binaries
from freehold.pg.embedded.folder import Home
from freehold.pg.embedded.hba import ADMINISTRATOR
from freehold.pg.embedded.ports import HOST
from freehold.pg.session import connect
from freehold.sqltext import ident, literal, sql

REFUSED = "28P01"


def opens(port: int, password: str) -> bool:
    """Whether the administrator gets in. Raises ServerError for any reason but a wrong password."""
    try:
        connect(
            {
                "host": HOST,
                "port": port,
                "user": ADMINISTRATOR,
                "password": password,
                "dbname": "postgres",
                "sslmode": "disable",
            }
        ).close()
    except ServerError as error:
        if error.sqlstate == REFUSED:
            return False
        raise
    return True


def while_running(instance: str) -> LocalStateError:
    """What to say when the server runs: its clients should not be cut off unasked."""
    return LocalStateError(
        f'the password of the administrator of instance "{instance}" is not the one in the secrets file',
        hint="Put the secrets file back, or run `freehold down` and `freehold up`: that sets a new one.",
    )


def replace(home: Home, binaries: Binaries, account: Account, password: str, instance: str) -> None:
    """Set the password while the server is stopped. Raises LocalStateError with the server's own words."""
    statement = sql("ALTER ROLE {} PASSWORD {};", ident(ADMINISTRATOR), literal(password))
    done = account.run(
        [binaries.program("postgres"), "--single", "-j", "-D", home.data, "postgres"],
        # -j: a statement ends with a semicolon and an empty line, so that a password may hold a line break
        said=f"{statement.shown()}\n\n",
    )
    if done.returncode != 0 or "ERROR:" in done.stdout or "FATAL:" in done.stdout:
        why = next((line for line in done.stdout.splitlines() if "ERROR:" in line or "FATAL:" in line), "it failed")
        raise LocalStateError(
            f'the administrator of instance "{instance}" could not get a new password: {why.strip()}',
            hint="Put the secrets file back from a backup, or remove the data with `freehold down --purge`.",
        )
