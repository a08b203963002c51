"""The end of what completed moves put away: kept for a while, named with its size, and dropped after a yes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from freehold.cli.context import Context
from freehold.cli.moveworld import database_there, databases_of, world_of
from freehold.cli.options import agree
from freehold.cli.out import Block, Cell, Result, Say, Table, Tone
from freehold.cli.shapes import count
from freehold.finding import JsonObject
from freehold.units import about_bytes

if TYPE_CHECKING:
    from freehold.move.run.purging import PutAway


def purge(context: Context, services: Sequence[str], *, older_ms: int, dry_run: bool, yes: bool) -> Result:
    """Drop what was put away for at least ``older_ms``, once somebody has agreed. Raises FreeholdError where nobody
    can be asked or the answer is no."""
    from freehold.move.run.retiring import purge as do

    context.known_services(services)
    there, silent = _all(context)
    found = [one for one in there if not services or one.move.service in services]
    due = [one for one in found if one.age_ms >= older_ms]
    if due and not dry_run:
        for one in due:
            context.out.note(f"  {_says(one)}")
        whose = ", ".join(sorted({one.move.service for one in due}))
        size = about_bytes(sum(one.bytes for one in due))
        agree(
            f"Drop the old tables of {whose} ({size}) for good?",
            yes=yes,
            otherwise=f"purge would drop the old tables of {whose} ({size})",
        )
        for one in due:
            with world_of(context, one.move, dumps=False) as world:
                do(world, one.move)
    document: JsonObject = {
        "action": "purge",
        "moves": [],
        "put_away": [_document(one, older_ms, dropped=one in due and not dry_run) for one in found],
    }
    blocks = _blocks(found, due, older_ms, dry_run)
    blocks += [
        Say(f'! instance "{one}" does not run: nobody looked what is put away there', Tone.WARN) for one in silent
    ]
    return Result(document, tuple(blocks), exit=2 if due and dry_run else 0)


def _all(context: Context) -> tuple[list[PutAway], set[str]]:
    """What is put away where services live or once lived, and the instances of that kind that do not run."""
    from freehold.move.run.purging import came_from, put_away

    platform = context.platform.name
    found: list[PutAway] = []
    asked: set[tuple[str, str]] = set()
    silent: set[str] = set()
    left = [
        (context, instance.name, database)
        for instance in context.placements.instances
        for database in databases_of(context, instance.name)
    ]
    while left:
        there, instance_, database = left.pop()
        if (instance_, database) in asked:
            continue
        asked.add((instance_, database))
        with closing(there.servers.admin(instance_, database)) as session:
            found += put_away(session, platform)
            moves = came_from(session, platform)
        for move in moves:
            before = context.at({move.service: move.came})
            if move.source.instance not in before.servers.addresses():
                silent.add(move.source.instance)
            elif database_there(before, move.source):
                left.append((before, move.source.instance, move.source.database))
    return sorted(found, key=lambda one: (one.move.service, one.completed_at)), silent


def _blocks(found: Sequence[PutAway], due: Sequence[PutAway], older_ms: int, dry_run: bool) -> list[Block]:
    if not found:
        return [Say("· nothing is put away", Tone.DIM)]
    blocks: list[Block] = []
    if kept := [one for one in found if dry_run or one not in due]:
        rows: list[tuple[str | Cell, ...]] = [
            (
                one.move.service,
                _where(one),
                str(one.tables),
                about_bytes(one.bytes),
                one.completed_at,
                Cell("now", Tone.WARN) if one in due else _due_at(one, older_ms),
            )
            for one in kept
        ]
        columns = ("service", "old tables in", "tables", "size", "completed", "due")
        blocks.append(Table(columns, rows, numbers=frozenset({2, 3})))
    if due and not dry_run:
        blocks += [Say(f"✓ dropped {_says(one)}", Tone.GOOD) for one in due]
    elif due:
        blocks.append(Say(f"! {count(len(due), 'move')} left tables that are due", Tone.WARN))
    else:
        blocks.append(Say("· nothing is due yet; --older-than 0s does not wait", Tone.DIM))
    return blocks


def _says(one: PutAway) -> str:
    what = f"{count(one.tables, 'table')}, {about_bytes(one.bytes)}"
    return f"the old tables of {one.move.service} in {_where(one)} ({what}), put away {one.completed_at}"


def _where(one: PutAway) -> str:
    return f"{one.move.source.instance}/{one.move.source.database}: {', '.join(one.schemas)}"


def _due_at(one: PutAway, older_ms: int) -> str:
    due = datetime.fromisoformat(one.completed_at) + timedelta(milliseconds=older_ms)
    return due.strftime("%Y-%m-%dT%H:%M:%SZ")


def _document(one: PutAway, older_ms: int, *, dropped: bool) -> JsonObject:
    return {
        "service": one.move.service,
        "id": one.move.id,
        "instance": one.move.source.instance,
        "database": one.move.source.database,
        "schemas": list(one.schemas),
        "tables": one.tables,
        "bytes": one.bytes,
        "completed_at": one.completed_at,
        "due_at": _due_at(one, older_ms),
        "dropped": dropped,
    }
