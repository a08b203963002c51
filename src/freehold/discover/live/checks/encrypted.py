"""Clients come over the network and the server offers no TLS.

Why: passwords are safe under SCRAM, everything else that is asked and answered can be read and changed on the way.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check, setting
from freehold.discover.live.view import View

_HERE = ("127.", "::1")


@check("the network cannot read along")
def encrypted(view: View) -> Answer:
    if setting(view, "ssl") == "on":
        return Answer("ssl = on")
    addresses = sorted({one.client for one in view.live.seen if one.client and not one.client.startswith(_HERE)})
    if addresses:
        detail = f"{len(addresses)} addresses beyond this machine were connected, {addresses[0]} among them"
        seen = ("ssl = off", *(f"client at {address}" for address in addresses[:5]))
        return Answer("ssl = off", (Wrong("server", "clients come over the network without TLS", detail, seen),))
    if any(one.client is None for one in view.live.seen):
        return Answer("ssl = off", unknown="where clients come from is hidden from this login")
    return Answer("ssl = off, and no client came from beyond this machine")
