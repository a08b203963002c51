"""What the programs of a service ask for, where many services are given the same variables."""

from __future__ import annotations

import re
from collections import defaultdict

from freehold.discover.facts import Asked, Connection, Fact, Unit, Variable
from freehold.discover.identity import Identity, Known
from freehold.discover.places import plain
from freehold.discover.stems import stem

# libraries take these without a word in the code of a service
_SILENT = re.compile(r"^(PG|SPRING|QUARKUS|MICRONAUT|CONNECTION_?STRING|DATABASE_URL$)|__", re.IGNORECASE)


_SCRIPTED = {"package.json", "tsconfig.app.json", "project.json", "deno.json", "Dockerfile"}
"""Files that build nothing but programs of JavaScript, where ``package.json`` is among them."""
_SPOKEN = re.compile(r"DB|DATABASE|POSTGRES|PG")
MAPPER = "mapper"
"""What a file is said to ask for that speaks of an object mapper and of no variable."""


class Asking:
    """Which variables the folder of a service mentions; what no deployed service's folder holds is everybody's."""

    def __init__(self, facts: tuple[Fact, ...], identity: Identity) -> None:
        self._connected: dict[str, str] = defaultdict(str)
        self._by_unit: dict[str, set[str]] = defaultdict(set)
        folders = {known.folder for known in identity.known if known.deployed and known.folder}
        self._everybodys: set[str] = set()
        self._folders: dict[str, set[str]] = defaultdict(set)
        self._marks: dict[str, set[str]] = defaultdict(set)
        self._given: set[str] = set()
        for fact in facts:
            if isinstance(fact, Unit):
                self._marks[fact.folder].add(fact.at.text)
            elif isinstance(fact, Variable):
                if not fact.holder.startswith(("file:", "code:")):
                    self._given.add(fact.name)
            elif isinstance(fact, Connection):
                for known in identity.of_path(fact.at.file):
                    self._connected[known.folder or ""] += f"{fact.url} {fact.database} "
            elif isinstance(fact, Asked):
                for name in fact.names:
                    self._folders[name].add(identity.projects.above(fact.at.file) or "")
                above = _above(fact.at.file, folders)
                if above:
                    self._by_unit[above].update(fact.names)
                else:
                    self._everybodys.update(fact.names)

    def names(self, known: Known, name: str) -> bool:
        """Whether a connection of the service's own code takes the variable."""
        return bool(known.folder) and f"{{{name}" in self._connected.get(known.folder or "", "")

    def mentions(self, known: Known, name: str) -> bool:
        """Whether a file of the service's folder mentions the variable."""
        return bool(known.folder) and plain(name) in self._by_unit.get(known.folder or "", ())

    def mentioning(self, name: str) -> list[str]:
        """The folders of programs, other than the root, whose files mention the variable."""
        return sorted(folder for folder in self._folders.get(plain(name), ()) if folder)

    def unheard(self, known: Known, name: str) -> bool:
        """Whether no file mentions a variable that a program of JavaScript would have to name to take it, and no
        deployment gives it to anybody."""
        if (_SILENT.search(name) and name != "DATABASE_URL") or not _SPOKEN.search(name) or name in self._given:
            return False
        return self._scripted(known) and not self.anybody(name)

    def _scripted(self, known: Known) -> bool:
        marks = self._marks[known.folder or ""]
        return "package.json" in marks and marks <= _SCRIPTED

    def anybody(self, name: str) -> bool:
        """Whether any file mentions the variable."""
        return plain(name) in self._folders

    def may_take(self, known: Known, name: str) -> bool:
        """Whether the service may take a variable that others are given too: not where its code says nothing of it."""
        if not known.folder or not (self._by_unit or self._everybodys) or _SILENT.search(name):
            return True
        wanted = plain(name)
        return wanted in self._by_unit.get(known.folder, ()) or wanted in self._everybodys

    @staticmethod
    def called(known: Known, text: str) -> bool:
        """Whether a text holds the name of the service."""
        names = {stem(known.name)} | {stem(each.name) for each in known.deployed}
        return any(name and name in plain(text) for name in names)


def _above(path: str, folders: set[str]) -> str:
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        if folder in folders:
            return folder
    return ""
