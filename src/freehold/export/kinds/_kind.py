"""What an exporter is: a pure function from what is asked to files, and the notes on how they are used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from freehold.export.carried import Carried
from freehold.export.model import Asked, Export


@dataclass(frozen=True, slots=True)
class Exporter:
    """A member of the family ``export/kinds``.

    ``write`` raises FreeholdError for a name that the other tool cannot hold. ``checked`` says which of its own tools
    or schemas the tests put the files through. ``carries`` is what `freehold discover` reads back from the files.
    ``here`` is for files that describe clients or pools: they need to know where the databases are.
    """

    summary: str
    checked: str
    write: Callable[[Asked], Export]
    carries: frozenset[Carried]
    here: bool = True

    @staticmethod
    def title(name: str) -> str:
        """The name on the command line."""
        return name.replace("_", "-")
