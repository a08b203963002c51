"""The folders of a repository that are built: which are programs, and which a name or a deployment means."""

from __future__ import annotations

import re
from collections.abc import Iterable

from freehold.discover.facts import BuiltFrom, Deployed, Fact, Unit
from freehold.discover.places import plain
from freehold.discover.stems import stem

_FRONT = re.compile(r"[._-](api|web|service|server|host|app|worker|grpc)$", re.IGNORECASE)
_PROGRAMS = re.compile(r"(apps|services|microservices|applications)/[^/]+$")
_FRONTS = {
    "web",
    "webapi",
    "api",
    "host",
    "webhost",
    "httpapi",
    "httpapihost",
    "presentation",
    "service",
    "rest",
    "grpc",
}
"""Folders called after what every service has; the folder above says which it is."""
_COLLECTIONS = {"apps", "services", "packages", "src", "projects", "modules", "crates", "cmd", "libs", "microservices",
                "applications", "backend", "source", "server", "deploy", "docker", "charts"}  # fmt: skip
_PROGRAM_FILES = ("src/main.rs", "/main.go", "tsconfig.app.json")
_GENERIC = {"src", "app", "server", "main", "code", "source", "."}


class Projects:
    """``units`` are the folders with a file that builds something, ``bases`` the image that each Dockerfile is from,
    ``programs`` the folders that a file says can be started."""

    def __init__(self, facts: Iterable[Fact], root: str) -> None:
        facts = tuple(facts)
        self._root = root
        self.units = {fact.folder: fact for fact in facts if isinstance(fact, Unit)}
        self.bases = {fact.folder: fact.image for fact in facts if isinstance(fact, BuiltFrom)}
        self.programs = {f.folder for f in facts if isinstance(f, Unit) and f.at.file.endswith(_PROGRAM_FILES)}
        self._workspaces = {f.folder for f in facts if isinstance(f, Unit) and f.at.file.endswith("Cargo.toml")}
        self._images = {f.folder for f in facts if isinstance(f, Unit) and "ockerfile" in f.at.file}

    def workspace(self) -> bool:
        """Whether the root holds programs and is none itself."""
        programs = self.startable()
        return "" not in self.programs and (len(programs) > 1 or ("" in self._workspaces and len(programs) == 1))

    def startable(self) -> list[str]:
        """The folders below the root that hold what can be started, by a file or by where they lie."""
        return sorted(f for f in self.units if f and (f in self.programs or _PROGRAMS.match(f)))

    def only_program(self) -> list[str]:
        """The one crate of a workspace that is a program."""
        found = [f for f, unit in self.units.items() if f and f in self.programs and f in self._workspaces]
        return found if len(found) == 1 and "" in self._workspaces else []

    def above(self, path: str) -> str | None:
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if folder in self.units:
                return folder
        return None

    def name(self, folder: str) -> str:
        parts = [part for part in folder.split("/") if part]
        while len(parts) > 1 and (
            parts[-1].lower() in _GENERIC or (plain(parts[-1]) in _FRONTS and parts[-2].lower() not in _COLLECTIONS)
        ):
            parts.pop()
        return parts[-1] if parts and parts[-1] not in _GENERIC else self._root or "root"

    def stems(self, folder: str) -> set[str]:
        """What a folder may be called, by its own name, by that of the folder above, and by its project's file."""
        own = self.units[folder].at.text
        project = {stem(own.rpartition(".")[0])} if own.endswith(("csproj", "fsproj")) else set()
        return {stem(folder.rpartition("/")[2]), stem(self.name(folder))} | project

    def unit_of(self, deployed: Deployed) -> str | None:
        folder = "" if deployed.folder == "." else deployed.folder
        if deployed.folder and folder in self.units and folder:
            return folder
        if moved := self._seen_from_root(deployed.scope.partition(":")[2], folder):
            return moved
        image = deployed.image.rpartition("/")[2].partition(":")[0].partition("@")[0]
        for wanted in (stem(image), stem(deployed.name)):
            found = [f for f in self.units if f and wanted and wanted in self.stems(f)]
            if deployed.folder and folder:
                found = [f for f in found if f.startswith(folder)] or found
            if found:
                return self.front(found)
        if deployed.folder:
            below = [f for f in self.units if folder and f.startswith(f"{folder}/")]
            if len(below) == 1:
                return below[0]
            if folder in self.units or deployed.folder == ".":
                return folder if folder in self.units else None
        return None

    def _seen_from_root(self, deployment: str, folder: str) -> str:
        """The folder that a deployment means which is kept below the root and written for it; empty for any other."""
        meant = folder.removeprefix(f"{deployment}/") if deployment else folder
        there = any(unit == folder or unit.startswith(f"{folder}/") for unit in self.units)
        return meant if meant != folder and meant in self.units and not there else ""

    def front(self, found: list[str]) -> str | None:
        """The one of several folders of one name that is started: with a Dockerfile, called API, or above all."""
        for chosen in (
            [folder for folder in found if folder in self._images],
            [folder for folder in found if _FRONT.search(folder)],
            [folder for folder in found if all(other.startswith(folder) for other in found)],
        ):
            if len(chosen) == 1:
                return chosen[0]
        return found[0] if len(found) == 1 else None


def family(folder: str) -> tuple[str, str]:
    """Projects of one solution are named ``Orders.API``, ``Orders.Domain`` beside each other."""
    parent, _, name = folder.rpartition("/")
    return parent, name.partition(".")[0].lower()
