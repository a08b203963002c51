"""Which moves this machine knows of: where each service lives now, and what must be kept open for it meanwhile.

The truth is in the databases; this file is what a command reads before it knows which databases to ask. A move that
ended stays in it until the declaration itself says where the service lives.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from freehold.errors import LocalStateError
from freehold.local.folder import explained, write_atomically
from freehold.move.model import SOURCE, TARGET, Move
from freehold.move.state import read as read_move
from freehold.move.state import written

VERSION = 1


@dataclass(frozen=True, slots=True)
class Known:
    """A move, the side that serves, whether it has ended, whether it made the database of its target, and whether the
    service reads others there through links that it made."""

    move: Move
    home: str = SOURCE
    ended: bool = False
    made_database: bool = False
    linked: bool = False

    @property
    def in_place(self) -> bool:
        """Whether the service stays in its database and only its roles change."""
        return self.move.source == self.move.target


class MovesFile:
    """``moves.json`` in the local folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[Known, ...]:
        """Every move that is known here, oldest first. Raises LocalStateError."""
        with explained(self.path):
            if not self.path.exists():
                return ()
            content = self.path.read_bytes()
        try:
            document = cast("dict[str, object]", json.loads(content))
            if document["version"] != VERSION:
                raise ValueError
            return tuple(_known(one) for one in cast("list[dict[str, object]]", document["moves"]))
        except (ValueError, KeyError, TypeError, IndexError):
            raise LocalStateError(
                f'"{self.path}" is no list of moves that this version of Freehold can read',
                hint="Move it away; `freehold move find` looks for moves in the databases.",
            ) from None

    def write(self, moves: Iterable[Known]) -> None:
        """Replace the file as a whole. Raises LocalStateError."""
        document = {
            "version": VERSION,
            "moves": [
                {
                    "move": written(one.move),
                    "home": one.home,
                    "ended": one.ended,
                    "made_database": one.made_database,
                    "linked": one.linked,
                }
                for one in moves
            ],
        }
        write_atomically(self.path, (json.dumps(document, indent=1) + "\n").encode())

    def put(self, known: Known) -> None:
        """Add a move, or say something new of one."""
        moves = list(self.read())
        places = [n for n, one in enumerate(moves) if one.move.id == known.move.id]
        if places:
            moves[places[0]] = known
        else:
            moves.append(known)
        self.write(moves)

    def homed(self, move: Move, home: str) -> None:
        """Say which side serves; writes nothing where that is known."""
        for one in self.read():
            if one.move.id == move.id and one.home != home:
                self.put(replace(one, home=home))


def _known(got: Mapping[str, object]) -> Known:
    home = str(got["home"])
    if home not in (SOURCE, TARGET):
        raise ValueError(home)
    return Known(
        read_move(cast("Mapping[str, object]", got["move"])),
        home,
        got["ended"] is True,
        got["made_database"] is True,
        got.get("linked") is True,
    )
