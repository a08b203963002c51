"""A running server, read for ``freehold discover`` and shown to a person and to programs."""

from __future__ import annotations

import os
from collections.abc import Iterator

from freehold.cli.out import Block, Cell, Out, Say, Table, Tone
from freehold.cli.redact import hide
from freehold.cli.shapes import count
from freehold.discover.live.boundaries import Boundaries, Cut, Proposal
from freehold.discover.live.checks._kind import readiness
from freehold.discover.live.view import View, view
from freehold.errors import FreeholdError
from freehold.finding import JsonObject
from freehold.spec.names import safe_url, show_table
from freehold.units import about_bytes, show_ms

_MARK = {"passed": Cell("✓", Tone.GOOD), "failed": Cell("✗", Tone.BAD), "unknown": Cell("?", Tone.WARN)}
_UNSET = frozenset({"default", "override", "client", "session"})
_MAY_HOLD_SECRETS = frozenset({"primary_conninfo"})
_URL = ("postgresql://", "postgres://")


def is_url(text: str) -> bool:
    """Whether a word means a server: a postgresql:// URL, or env:NAME of one."""
    return text.startswith((*_URL, "env:"))


def read(where: str, window_ms: int, out: Out) -> View:
    """Read the server and draw every conclusion. ``where`` is a URL, or env:NAME of the variable that holds it.

    Raises FreeholdError for a variable that is not set or holds no URL.
    """
    from freehold.pg import live
    from freehold.pg.address import address_from_url

    url = where
    if where.startswith("env:"):
        url = os.environ.get(where[4:], "")
        if not url:
            raise FreeholdError(f'the variable "{where[4:]}" is not set', hint="Set it to a postgresql:// URL.")
    if not url.startswith(_URL):
        raise FreeholdError(f'"{where}" leads to no server', hint="Write a postgresql:// URL, or env:NAME of one.")
    hide(address_from_url("main", url).password)
    out.note(f"  asking {safe_url(url)}" + (f" for {show_ms(window_ms)}" if window_ms else ""))
    return view(live.read(url, window_ms=window_ms))


def as_json(found: View) -> JsonObject:
    """What the server showed beyond what discovery itself says."""
    live = found.live
    answers = readiness(found)
    return {
        "place": live.place,
        "version": live.server.version,
        "superuser": live.server.superuser,
        "samples": live.samples,
        "window_ms": live.window_ms,
        "queries": live.queries,
        "readiness": {
            "earned": sum(one.state == "passed" for one in answers),
            "of": len(answers),
            "checks": [
                {
                    "check": one.check.name,
                    "title": one.check.title,
                    "state": one.state,
                    "looked": one.answer.looked,
                    "unknown": one.answer.unknown,
                }
                for one in answers
            ],
        },
        "shared_logins": dict(found.clients.shared),
        "clients": [
            {
                "service": one.service,
                "database": one.database,
                "login": one.login,
                "how": one.how,
                "confidence": one.confidence,
                "text": one.text,
            }
            for one in found.clients.all
        ],
        "settings": {
            name: setting.value
            for name, setting in live.server.settings.items()
            if setting.source not in _UNSET and name not in _MAY_HOLD_SECRETS and not name.endswith("_command")
        },
        "replication": {
            "in_recovery": live.in_recovery,
            "standbys": [
                {"application": one.application, "login": one.login, "state": one.state} for one in live.standbys
            ],
            "slots": [slot.name for slot in live.server.replication_slots],
            "subscriptions": [f"{database}: {name}" for database, name in live.server.subscriptions],
        },
        "unseen": [{"what": one.what, "why": one.why, "remedy": one.remedy} for one in live.unseen],
        "databases": [
            {
                "name": database.name,
                "owner": database.owner,
                "bytes": database.bytes,
                "connections": database.connections,
                "extensions": dict(database.contents.extensions) if database.contents else {},
                "tables": len(found.graphs[database.name].tables) if database.name in found.graphs else None,
                "proposals": [_proposal(one) for one in _proposals(found, database.name)],
            }
            for database in found.used
        ],
    }


def _proposals(found: View, database: str) -> tuple[Proposal, ...]:
    known = found.boundaries.get(database)
    return () if known is None else known.proposals


def _proposal(one: Proposal) -> JsonObject:
    return {
        "name": one.name,
        "tables": [f"{table.schema}.{table.table}" for table in one.tables],
        "cohesion": one.cohesion,
        "cuts": [_cut(cut) for cut in one.cuts],
    }


def _cut(cut: Cut) -> JsonObject:
    return {"from": cut.a, "to": cut.b, "tie": cut.edge.tie.value, "evidence": cut.edge.evidence}


def blocks(found: View) -> tuple[Block, ...]:
    """The server for a person: what it is ready for, how it could be divided, and what was not seen."""
    return tuple(_blocks(found))


def _blocks(found: View) -> Iterator[Block]:
    live = found.live
    yield Table(
        ("database", "owner", "size", "tables", "connected"),
        [
            (
                database.name,
                database.owner,
                Cell("?", Tone.WARN) if database.bytes is None else about_bytes(database.bytes),
                str(len(found.graphs[database.name].tables)) if database.name in found.graphs else Cell("?", Tone.WARN),
                str(database.connections or 0),
            )
            for database in found.used
        ],
        title=f"server {live.place}, PostgreSQL {live.server.version // 10000}"
        + (", a standby" if live.in_recovery else ""),
        numbers=frozenset({2, 3, 4}),
    )
    answers = readiness(found)
    earned = sum(one.state == "passed" for one in answers)
    yield Table(
        ("", "what must hold", "looked at"),
        [(_MARK[one.state], one.check.title, one.answer.unknown or one.answer.looked) for one in answers],
        title=f"ready: {earned} of {len(answers)}",
    )
    for database, proposed in found.boundaries.items():
        if len(proposed.proposals) > 1:
            yield from _division(database, proposed)
    for one in live.unseen:
        yield Say(f"? not seen: {one.what}: {one.why}", Tone.WARN)
        yield Say(f"    {one.remedy}", Tone.DIM)
    looks = "one look" if live.samples == 1 else f"{live.samples} looks over {show_ms(live.window_ms)}"
    yield Say(f"{live.queries} read-only queries; {looks} at who is connected", Tone.DIM)


def _division(database: str, proposed: Boundaries) -> Iterator[Block]:
    yield Table(
        ("proposal", "tables", "keeps inside", "cuts", "the first cut"),
        [
            (
                one.name,
                str(len(one.tables)),
                f"{one.cohesion:.0%}",
                str(len(one.cuts)),
                Cell(one.cuts[0].edge.evidence if one.cuts else "none", Tone.DIM),
            )
            for one in proposed.proposals
        ],
        title=f'database "{database}" could be divided so ({count(len(proposed.cuts), "tie")} cut)',
        numbers=frozenset({1, 2, 3}),
    )
    if proposed.unplaced:
        names = ", ".join(show_table(table) for table in proposed.unplaced[:8])
        more = f" and {len(proposed.unplaced) - 8} more" if len(proposed.unplaced) > 8 else ""
        yield Say(f"  tied to nothing: {names}{more}", Tone.DIM)
