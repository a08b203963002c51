"""Several services connect as one login.

Why: rights cannot differ between them, a password that leaks is everybody's, and nobody can tell from the server who
uses what. Give each service a login of its own.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check
from freehold.discover.live.view import View
from freehold.sqltext import ident


@check("every service has a login of its own")
def shared_login(view: View) -> Answer:
    clients = view.clients
    if not clients.seen:
        return Answer("nobody was connected", unknown="no service was connected while the server was looked at")
    wrong = tuple(
        Wrong(
            f"role {ident(login)}",
            f'login "{login}" does not tell who uses it',
            why,
            tuple(client.text for client in clients.all if client.login == login),
        )
        for login, why in clients.shared.items()
    )
    logins = {one.login for one in clients.seen}
    return Answer(f"{len(logins)} logins were connected", wrong)
