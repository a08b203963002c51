"""The variables a service is started with, from everywhere they come from, and texts with variables filled in."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from posixpath import dirname

from freehold.discover.facts import Fact, Takes, Variable

_DEPTH_MAX = 12
_OPEN = re.compile(r"\$\$|\$\{|\$\((?P<kube>[A-Za-z_][\w.-]*)\)|\$(?P<bare>[A-Za-z_]\w*)")
_TEMPLATES = (".example", ".sample", ".template", ".dist", ".default", "-example", ".local", ".dev", ".development")

Lookup = Callable[[str], str | None]
Bag = Mapping[str, Variable]


def filled(text: str, lookup: Lookup, depth: int = 0) -> str:
    """``text`` with every variable replaced that ``lookup`` knows or that has a default; the others stay as they are.

    Known forms: ``${A}``, ``${A:-default}``, ``${A-default}``, ``${A:?message}``, ``$A`` and ``$(A)``, nested.
    """
    if depth > _DEPTH_MAX or "$" not in text:
        return text
    parts: list[str] = []
    at = 0
    while (match := _OPEN.search(text, at)) is not None:
        parts.append(text[at : match.start()])
        at = match.end()
        if match[0] == "$$":
            parts.append("$")
        elif match[0] == "${":
            end = _closing(text, at)
            if end < 0:
                parts.append(match[0])
                continue
            parts.append(_one(text[at:end], lookup, depth))
            at = end + 1
        else:
            name = match["kube"] or match["bare"]
            value = lookup(name)
            parts.append(match[0] if value is None else filled(value, lookup, depth + 1))
    parts.append(text[at:])
    return "".join(parts)


def known(bag: Bag) -> Lookup:
    """The values of a bag as a lookup."""
    return lambda name: bag[name].value if name in bag else None


def open_variables(text: str) -> bool:
    """Whether something in ``text`` is still to be filled in by somebody else."""
    return bool(re.search(r"\$\{|\$\(|\{\{|%\(|<[\w .-]+>|\$[A-Za-z_]|%s|^%\w+%$|^#\{", text))


def _one(inner: str, lookup: Lookup, depth: int) -> str:
    match = re.match(r"(?P<name>[A-Za-z_][\w.\[\]-]*?)(?P<how>:-|-|:\?|\?|:\+|\+|$)(?P<rest>.*)$", inner, re.DOTALL)
    if match is None:
        return f"${{{inner}}}"
    value = lookup(match["name"])
    if value is not None and (value or match["how"] != ":-"):
        return filled(value, lookup, depth + 1)
    if match["how"] in (":-", "-"):
        return filled(match["rest"], lookup, depth + 1)
    return f"${{{inner}}}"


def _closing(text: str, at: int) -> int:
    depth = 1
    for index in range(at, len(text)):
        if text[index] == "}":
            depth -= 1
            if depth == 0:
                return index
        elif text.startswith("${", index):
            depth += 1
    return -1


class Variables:
    """All variables that the readers saw, by who holds them."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._own: dict[str, list[Variable]] = defaultdict(list)
        self._taken: dict[str, list[Takes]] = defaultdict(list)
        for fact in facts:
            if isinstance(fact, Variable):
                self._own[fact.holder].append(fact)
            elif isinstance(fact, Takes):
                self._taken[fact.holder].append(fact)
        self._configs: dict[str, list[str]] = defaultdict(list)
        for holder in sorted(self._own):
            if holder.startswith("config:"):
                self._configs[holder.rpartition(":")[2]].append(holder)
        self._takers = Counter(
            self._there(takes.source) for all_takes in self._taken.values() for takes in all_takes if not takes.only
        )

    def taken(self, holder: str) -> bool:
        """Whether some service takes everything that a holder has."""
        return self._takers[holder] > 0

    def shared(self, holder: str) -> bool:
        """Whether several services take everything that a holder has."""
        return self._takers[holder] > 1

    def environments(self, holder: str) -> tuple[str, ...]:
        """The environments that a holder is written for; the unnamed one first."""
        found = {variable.environment for variable in self._own[holder]}
        return tuple(sorted(found)) or ("",)

    def files(self) -> tuple[str, ...]:
        """The paths of all env files."""
        return tuple(sorted(holder[5:] for holder in self._own if holder.startswith("file:") and self._own[holder]))

    def bag(self, holder: str, environment: str = "", depth: int = 0) -> dict[str, Variable]:
        """What a holder has: what it takes from others, then its own, then its own for the environment."""
        found: dict[str, Variable] = {}
        if depth > _DEPTH_MAX:
            return found
        for takes in self._taken.get(holder, ()):
            source = self.bag(self._there(takes.source), environment, depth + 1)
            if takes.only:
                if takes.only in source:
                    found[takes.under or takes.only] = source[takes.only]
            else:
                found.update({f"{takes.under}{name}": variable for name, variable in source.items()})
        mine = self._own.get(holder, ())
        everything = holder.startswith("file:")
        for variable in mine:
            if everything or not variable.environment:
                found[variable.name] = variable
        for variable in mine:
            if environment and variable.environment == environment:
                found[variable.name] = variable
        return found

    def around(self, scope: str) -> Lookup:
        """What ``${NAME}`` means in the files of a deployment: the .env file beside them, or a template of it."""
        folder = scope.partition(":")[2]
        beside = self.bag(self._there(f"file:{folder}/.env" if folder else "file:.env"))
        return lambda name: beside[name].value if name in beside else None

    def _there(self, source: str) -> str:
        """The holder itself, or where it is a file that is not in the repository, the template of it."""
        if source.startswith("config:") and source not in self._own:
            # an overlay names what its base holds
            return next((h for h in self._configs.get(source.rpartition(":")[2], ()) if h in self._own), source)
        if not source.startswith("file:") or source in self._own:
            return source
        folder = dirname(source[5:])
        places = [f"{source}{suffix}" for suffix in _TEMPLATES]
        places += [f"file:{folder}/{name}" if folder else f"file:{name}" for name in _BESIDE]
        return next((place for place in places if place in self._own), source)


_BESIDE = (
    "env.example",
    ".env.example",
    ".env.sample",
    "sample.env",
    "example.env",
    ".env.template",
    "env.sample",
    ".env.dist",
)
