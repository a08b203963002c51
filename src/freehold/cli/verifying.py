"""A verification that goes on beside the preparation of a switch, until its pause begins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from freehold.cli.movechecks import told, write_down
from freehold.errors import FreeholdError

if TYPE_CHECKING:
    from freehold.move.model import Move
    from freehold.move.run.world import World
    from freehold.move.verify.model import Options, Report

_POLL_S = 0.05


class _Beside(threading.Thread):
    """Compares everything, and then what is written. A daemon: nobody waits for it when the command is given up."""

    def __init__(self, world: World, move: Move, side: str, options: Options) -> None:
        super().__init__(name="verification", daemon=True)
        self._world, self._move, self._side, self._options = world, move, side, options
        self.stop = threading.Event()
        self.seen: Report | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        from freehold.move.run.following import direction
        from freehold.move.run.verify import watch

        world = self._world
        try:
            watch(
                self._move,
                direction(self._side),
                world.servers,
                world.clock,
                world.tell,
                self._options,
                self.stop.is_set,
                self._look,
            )
        except Exception as error:
            self.error = error

    def _look(self, report: Report) -> None:
        self.seen = report
        self._world.tell(told(report, 0))


@contextmanager
def verifying(world: World, move: Move, side: str, options: Options) -> Iterator[Callable[[], None]]:
    """Compare every row with the home ``side``, and from then on every row that is written. The block begins once all
    are equal; the function ends the comparison with one more look, and must be called before anybody waits.

    Both raise FreeholdError where something differs, and what the verification itself raises.
    """
    beside = _Beside(world, move, side, options)

    def judged() -> None:
        if beside.error is not None:
            raise beside.error
        assert beside.seen is not None
        if not beside.seen.equal:
            write_down(world, move, side, beside.seen, 0)
            wrong = beside.seen.mismatches + beside.seen.unsettled
            raise FreeholdError(
                f'service "{move.service}" differs at its other home in {wrong} places',
                hint="Nobody was held back. `freehold move verify` lists them.",
            )

    def ended() -> None:
        if not beside.stop.is_set():
            beside.stop.set()
            beside.join()
            judged()
            assert beside.seen is not None
            write_down(world, move, side, beside.seen, 0)

    beside.start()
    try:
        while beside.seen is None and beside.is_alive():
            beside.join(_POLL_S)
        judged()
        yield ended
    finally:
        beside.stop.set()
