"""Settings that a library of the repository holds: whose they are is for those who take them in."""

from __future__ import annotations

import re
from collections import defaultdict
from posixpath import basename

from freehold.discover.facts import Driven, Fact, Imported
from freehold.discover.identity import Identity, Known

_LIBRARY = re.compile(
    r"(^|/)(libs?|shared|commons?|pkg|building-?blocks?|(common|shared|building-?blocks?)[-_.][^/]*|"
    r"[^/]*[-_.](common|commons|shared|libs?|library))(/|$)",
    re.IGNORECASE,
)


class Libraries:
    """Which folders are libraries by their name and by that nothing starts them, and who takes their settings in."""

    def __init__(self, facts: tuple[Fact, ...], identity: Identity) -> None:
        self._identity = identity
        self._takers: dict[str, set[str]] = defaultdict(set)
        self._drivers: dict[str, bool] = {}
        for fact in facts:
            if isinstance(fact, Imported):
                self._takers[fact.name].add(fact.at.file)
            elif isinstance(fact, Driven):
                self._drivers[fact.folder] = fact.driver or self._drivers.get(fact.folder, False)

    def is_one(self, known: Known) -> bool:
        """Whether a folder that nothing starts reads like a library, where others are started or stand beside it."""
        return bool(known.folder) and not known.deployed and bool(_LIBRARY.search(known.folder or ""))

    def takers(self, path: str) -> tuple[Known, ...]:
        """The services whose settings take in the file, apart from those whose build has no driver."""
        name = basename(path)
        found = {
            taker for wanted, files in self._takers.items() for taker in files
            if name == wanted or (wanted.endswith(".") and name.startswith(wanted))
        }  # fmt: skip
        services = {known.name: known for taker in sorted(found) for known in self._identity.of_path(taker)}
        return tuple(known for known in services.values() if self._drivers.get(known.folder or "", True))
