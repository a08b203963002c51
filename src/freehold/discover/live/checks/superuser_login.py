"""A service connects as a superuser.

Why: no grant, no row policy and no schema holds a superuser back, and it reads files of the server. Whoever takes over
that service has the whole server.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check
from freehold.discover.live.view import View
from freehold.sqltext import ident


@check("no service is a superuser", "error")
def superuser_login(view: View) -> Answer:
    clients = view.clients
    if not clients.seen:
        return Answer("nobody was connected", unknown="no service was connected while the server was looked at")
    logins = sorted({one.login for one in clients.seen})
    wrong = tuple(
        Wrong(
            f"role {ident(login)}",
            f'services connect as the superuser "{login}"',
            "nothing in the database holds a superuser back",
            tuple(client.text for client in clients.all if client.login == login),
        )
        for login in logins
        if clients.superuser(login)
    )
    return Answer(f"{len(logins)} logins were connected", wrong)
