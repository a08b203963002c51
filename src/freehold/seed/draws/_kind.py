"""What a draw is: its keys, and how it is made ready for one column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from freehold.seed.args import Args
from freehold.seed.calendar import Window
from freehold.seed.model import Column, Drawn, Kind, Size
from freehold.seed.spec import Spec
from freehold.seed.stream import Stream
from freehold.spec.model import TableName


class Place(Protocol):
    """Where a draw is used, and what it may ask for there."""

    @property
    def table(self) -> TableName:
        """The table that is filled."""

    @property
    def column(self) -> Column | None:
        """The column, or None for a part of a value and for a helper that is not loaded."""

    @property
    def stream(self) -> Stream:
        """The random bits of this place."""

    @property
    def size(self) -> Size:
        """How many rows the table gets."""

    @property
    def window(self) -> Window:
        """The window of time of the recipe, or of the partitions when the column decides between them."""

    @property
    def bounded(self) -> bool:
        """Whether the window is that of the partitions: a moment outside finds no partition."""

    @property
    def allowed(self) -> Sequence[str]:
        """The values that the column's type or a CHECK names."""

    def sibling(self, name: str) -> Drawn | None:
        """The draw of another column of the table; None when there is none."""

    def elsewhere(self, table: TableName) -> Elsewhere | None:
        """Another table, or this one; None when the recipe cannot know its rows."""

    def nested(self, spec: Spec, part: str) -> Drawn | None:
        """A draw inside this one, under a name of its own."""


class Elsewhere(Protocol):
    """A table that rows refer to."""

    @property
    def size(self) -> Size:
        """How many rows it has."""

    def drawn(self, column: str) -> Drawn | None:
        """How a column of it is drawn; None when it is left to the server or not there."""

    def values(self, column: str, rows: Sequence[int]) -> Sequence[int | float | str | None]:
        """The values of a column in some rows."""


Make = Callable[[Args, Place], Drawn | None]


@dataclass(frozen=True)
class Draw:
    """One way to fill a column.

    ``keys`` are explained on the draw's page; a value alone (``{text: 3..8}``) stands for the key ``short``. With
    ``free`` whatever is written behind the draw's name is its data. ``make`` returns None after a complaint.
    """

    make: Make
    keys: Mapping[str, str]
    short: str = ""
    free: bool = False


__all__ = ["Args", "Draw", "Drawn", "Elsewhere", "Kind", "Make", "Place"]
