"""A transaction may stay open for ever.

Why: one that is forgotten holds its locks and keeps vacuum from removing anything, until somebody notices.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check, setting
from freehold.discover.live.view import View
from freehold.sqltext import ident, sql

_NAME = "idle_in_transaction_session_timeout"


@check("no transaction stays open for ever")
def timeouts(view: View) -> Answer:
    server = view.live.server
    if (setting(view, _NAME) or "0") != "0":
        return Answer(f"{_NAME} of the server")
    if not view.clients.seen:
        return Answer(_NAME, unknown="no service was connected while the server was looked at")
    open_ended: set[str] = set()
    for one in view.clients.seen:
        role = server.roles.get(one.login)
        database = server.databases.get(one.database)
        inside = [who for who, key, value in (database.settings if database else ()) if key == _NAME and value != "0"]
        if one.login in inside or "" in inside:
            continue
        if role is None or dict(role.settings).get(_NAME, "0") == "0":
            open_ended.add(one.login)
    wrong = tuple(
        Wrong(
            f"role {ident(login)}",
            f'transactions of login "{login}" may stay open for ever',
            f"{_NAME} is 0 for the server, for its databases and for the login",
            (f"{_NAME} = 0",),
            sql("ALTER ROLE {} SET idle_in_transaction_session_timeout = '1min';", ident(login)).shown(),
        )
        for login in sorted(open_ended)
    )
    return Answer(f"{len({one.login for one in view.clients.seen})} logins", wrong)
