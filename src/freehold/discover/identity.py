"""Which of the names in compose files, manifests and folders mean the same service."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from freehold.discover import engines
from freehold.discover.facts import Deployed, Fact, Unit
from freehold.discover.places import plain
from freehold.discover.projects import Projects, family
from freehold.discover.stems import stem

_ENV_WORDS = re.compile(
    r"(?i)(?<![a-z0-9])(env|template|example|sample|dist|default|local|dev|development|prod|production|staging|docker)"
    r"(?![a-z0-9])"
)
_SERVER = re.compile(r"(postgres|postgresql|pg)([-_]?(db|database|server|primary|sql))?$", re.IGNORECASE)
_HELPERS = re.compile(r"migrat|seed|fixture|script|tool|cli$|gen$|bench|example|sample", re.IGNORECASE)


@dataclass
class Known:
    """One service: its name, the folder it is built from, and how each deployment calls it."""

    name: str
    folder: str | None = None
    deployed: list[Deployed] = field(default_factory=list)
    unit: Unit | None = None


class Identity:
    """The services of a repository, and whose file a path is."""

    def __init__(self, facts: Iterable[Fact], root: str) -> None:
        facts = tuple(facts)
        self.projects = Projects(facts, root)
        everything = [fact for fact in facts if isinstance(fact, Deployed)]
        self.servers: dict[tuple[str, str], str] = {}
        for each in everything:
            engine = self._engine(each)
            if engine or (each.scope, each.name) not in self.servers:
                self.servers[each.scope, each.name] = engine
        applications = [each for each in everything if not self.servers[each.scope, each.name]]
        self.tools = {(e.scope, e.name) for e in applications if engines.tool(e.image, e.name)}
        self.known = self._join([e for e in applications if (e.scope, e.name) not in self.tools])
        self._literal = {each.called for each in applications if each.called}
        self._by_folder: dict[str, list[Known]] = defaultdict(list)
        for known in self.known:
            if known.folder is not None:
                self._by_folder[known.folder].append(known)

    def of_path(self, path: str) -> tuple[Known, ...]:
        """The services that a file belongs to; several when they are built from one folder."""
        folder: str | None = self.projects.above(path)
        if not folder and (named := self._named_by(path)) is not None:
            return (named,)
        if folder is None or engines.of_image(self.projects.bases.get(folder or ".", "")):
            return ()
        if folder in self._by_folder:
            return tuple(self._by_folder[folder])
        above = folder.rpartition("/")[0]
        while above:
            if any(known.deployed for known in self._by_folder.get(above, ())):
                return tuple(self._by_folder[above])
            above = above.rpartition("/")[0]
        # a library beside the one service of its folder is part of it (Catalog.Infrastructure beside Catalog.API)
        parent = folder.rpartition("/")[0]
        if parent:
            beside = [f for f in self._by_folder if f.startswith(f"{parent}/") and self._by_folder[f][0].deployed]
            beside = [f for f in beside if f.rpartition("/")[0] == parent] if len(beside) == 1 else []
            if len(beside) == 1:
                return tuple(self._by_folder[beside[0]])
            front = self.projects.front([f for f in self.projects.units if family(f) == family(folder)])
            if front is not None and front != folder:
                return self.of_path(f"{front}/.")
        own = Known(self.projects.name(folder), folder, [], self.projects.units[folder])
        self.known.append(own)
        self._by_folder[folder].append(own)
        return (own,)

    def of_deployed(self, scope: str, name: str) -> Known | None:
        return next((k for k in self.known for d in k.deployed if d.scope == scope and d.name == name), None)

    def named(self, name: str, *, literal: bool = False) -> Known:
        """The service of this name, made when there is none. A ``literal`` name is no other spelling of one."""
        for known in self.known:
            if known.name == name:
                return known
        for known in self.known:
            if literal and known.name in self._literal:
                continue
            if stem(name) and stem(name) in (stem(known.name), *(stem(d.name) for d in known.deployed)):
                return known
        longer = [k for k in self.known for d in k.deployed if name.endswith(f"-{d.name}") and len(d.name) > 3]
        if len({id(known) for known in longer}) == 1:
            return longer[0]  # business-orders of a configuration server is what a deployment calls orders
        self.known.append(Known(name))
        if literal:
            self._literal.add(name)
        return self.known[-1]

    def named_by_file(self, path: str) -> tuple[Known, ...]:
        """The one service that an env file outside of every folder is called after, as in ``deploy/env/orders.env``."""
        name = stem(_ENV_WORDS.sub("", path.rpartition("/")[2]).strip("._-"))
        if not name:
            return ()
        known = [k for k in self.known if name in {stem(k.name), *(stem(d.name) for d in k.deployed)}]
        if known:
            return tuple(known[:1]) if len(known) == 1 else ()
        folders = [folder for folder in self.projects.units if folder and stem(folder.rpartition("/")[2]) == name]
        front = self.projects.front(folders)
        return self.of_path(f"{front}/.") if front else ()

    def no_program(self, owners: tuple[Known, ...]) -> bool:
        """Whether it reads like no service of its own: the root beside several, a library beside what is deployed."""
        known = owners[0]
        if known.folder == "":
            return len(self.known) > 1 and not (known.deployed and len(owners) == 1)
        if known.folder in self.projects.programs and not _HELPERS.search(known.name):
            return False
        return not known.deployed and any(other.deployed for other in self.known)

    def _engine(self, deployed: Deployed) -> str:
        found = engines.of_image(deployed.image)
        if found:
            return found
        if not deployed.image and not deployed.folder and deployed.scope.startswith("helm:"):
            return "postgresql" if _SERVER.match(deployed.name) else ""
        bases = self.projects.bases
        folder = deployed.folder if deployed.folder in bases else ""
        if not folder:
            wanted = plain(deployed.image.rpartition("/")[2].partition(":")[0])
            folder = next((f for f in bases if f and wanted and plain(f.rpartition("/")[2]) == wanted), "")
        return engines.of_image(bases.get(folder, "")) if folder else ""

    def _named_by(self, path: str) -> Known | None:
        """The service that a folder above a file is called after, as in ``migrations/orders/1.sql``."""
        for part in reversed(path.split("/")[:-1]):
            found = [k for k in self.known if stem(part) in (stem(k.name), plain(k.name)) and k.deployed]
            if len(found) == 1:
                return found[0]
        return None

    def _apart_of_one(
        self, applications: list[Deployed], unit_of: dict[tuple[str, str], str | None]
    ) -> dict[tuple[str, str], str | None]:
        """The same, where one Dockerfile builds several services each with the project that it is named after."""
        built: dict[tuple[str, str | None], set[str]] = defaultdict(set)
        for d in applications:
            built[d.scope, unit_of[d.scope, d.name]].add(stem(d.name))
        found = dict(unit_of)
        for d in applications:
            unit = unit_of[d.scope, d.name]
            if unit is not None and len(built[d.scope, unit]) > 1:
                named = [f for f in self.projects.units if f and stem(f.rpartition("/")[2]) == stem(d.name)]
                found[d.scope, d.name] = (self.projects.front(named) if named else None) or unit
        return found

    def _join(self, applications: list[Deployed]) -> list[Known]:
        unit_of = self._apart_of_one(applications, {(d.scope, d.name): self.projects.unit_of(d) for d in applications})
        crowd: dict[tuple[str, str], set[str]] = defaultdict(set)
        clash: dict[tuple[str, str], set[str]] = defaultdict(set)
        for d in applications:
            unit = unit_of[d.scope, d.name]
            if unit is not None:
                crowd[d.scope, unit].add(d.name)
            clash[d.scope, stem(d.name)].add(d.name)
        clashing = {name for (_, name), names in clash.items() if len(names) > 1}
        crowded = {unit for (_, unit), names in crowd.items() if len(names) > 1}
        groups: dict[tuple[str, str], Known] = {}
        later: list[tuple[Deployed, str]] = []
        for d in applications:
            name = plain(d.name) if stem(d.name) in clashing else stem(d.name)
            unit = unit_of[d.scope, d.name]
            if unit is None:
                later.append((d, name))
                continue
            alone = unit and unit not in crowded
            made = Known(d.name, unit, [], self.projects.units.get(unit))
            known = groups.setdefault((unit, "" if alone else name), made)
            known.deployed.append(d)
        for d, name in later:
            same = [k for k in groups.values() if any(name in (stem(e.name), plain(e.name)) for e in k.deployed)]
            known = same[0] if len(same) == 1 else groups.setdefault(("", f"name {name}"), Known(d.name))
            known.deployed.append(d)
        _nest(groups)
        for known in groups.values():
            known.name = _called(known.deployed)
        _apart(list(groups.values()))
        return sorted(groups.values(), key=lambda k: k.name)


def _nest(groups: dict[tuple[str, str], Known]) -> None:
    """Puts a service that is built from a folder together with one of its name that is built from a folder above."""
    for key, known in sorted(groups.items()):
        stems = {stem(d.name) for d in known.deployed}
        for other, above in sorted(groups.items()):
            upper, lower = above.folder or "", known.folder or ""
            if (
                other != key
                and upper
                and lower.startswith(f"{upper}/")
                and stems & {stem(d.name) for d in above.deployed}
            ):
                above.deployed += known.deployed
                del groups[key]
                break


def _apart(found: list[Known]) -> None:
    """Gives services of one name in unrelated deployments the folder of theirs before it."""
    by_name: dict[str, list[Known]] = defaultdict(list)
    for known in found:
        by_name[known.name].append(known)
    for same in by_name.values():
        for known in same if len(same) > 1 else ():
            folder = known.deployed[0].scope.partition(":")[2] or known.folder or ""
            known.name = f"{folder.rpartition('/')[2] or folder}/{known.name}" if folder else known.name


def _called(deployed: list[Deployed]) -> str:
    """The name that a deployment says it stands for, else the one most deployments use; the shortest of those."""
    if said := min((d.called for d in deployed if d.called), default=""):
        return said
    counted = Counter(d.name for d in deployed)
    return min(counted, key=lambda name: (-counted[name], len(name), name))
