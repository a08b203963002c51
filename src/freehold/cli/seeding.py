"""What ``freehold seed`` needs of its platform: the recipe beside the declaration, and logins lent for the run."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from freehold.apply.run.lend import WAIT_MS, Lent, make_login
from freehold.apply.run.locks import held
from freehold.apply.run.tidy import remove_login
from freehold.apply.run.world import World as ApplyWorld
from freehold.cli.context import Context
from freehold.cli.redact import hide
from freehold.errors import FreeholdError
from freehold.layouts.model import Placements
from freehold.ports import Session
from freehold.seed.recipe import Recipe, read_recipe

RECIPE = "seed.yaml"

MANY_ROWS = 500_000
"""From so many rows on, starting other processes pays."""


def recipe_of(context: Context, file: str | None) -> Callable[[int], Recipe]:
    """What reads the recipe that was named, or the one beside the declaration, or one that names nothing."""
    path = Path(file) if file else context.path.parent / RECIPE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if file:
            raise FreeholdError(f'there is no file "{file}"', hint="Name the recipe with --recipe.") from None
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not UTF-8"
        raise FreeholdError(f'file "{path}" cannot be read: {reason}', hint="Check the file and its rights.") from None
    return lambda anchor: read_recipe(_shown(path), text, os.environ, anchor)


def makers_wanted(rows: int, asked: int | None) -> int:
    """How many processes make the rows: a core is left to the server and one to sending; few rows are made here."""
    if asked is not None:
        return asked
    spare = (os.cpu_count() or 1) - 2
    return min(spare, 8) if spare > 0 and rows >= MANY_ROWS else 0


class LentDoors:
    """Lets a run in as the owner role of a service, by a short-lived login; takes every login back at the end.

    The platform's lock is held from the first login on: an apply that begins would take it for one that a killed run
    left. So neither an apply nor another seeding runs meanwhile."""

    def __init__(self, world: ApplyWorld, placements: Placements) -> None:
        self._world = world
        self._placements = placements
        self._lent: dict[str, Lent] = {}
        self._one = threading.Lock()
        self._stack = ExitStack()
        self._held: Mapping[str, Session] | None = None

    def __enter__(self) -> LentDoors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            for service, lent in self._lent.items():
                instance = self._placements.of(service).instance
                with self._world.session(instance) as (session, _):
                    remove_login(self._world, session, instance, lent.user)

    def open(self, service: str) -> Session:
        """A session that acts as the owner role of the service."""
        placement = self._placements.of(service)
        with self._one:
            if self._held is None:
                names = sorted({one.instance for one in self._placements.services})
                self._held = self._stack.enter_context(held(self._world, names, WAIT_MS))
            if service not in self._lent:
                with self._world.session(placement.instance, placement.database) as (admin, _):
                    self._lent[service] = make_login(self._world, admin, placement)
                hide(self._lent[service].password)
        lent = self._lent[service]
        return self._world.servers.login(placement.instance, placement.database, lent.user, lent.password)


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
