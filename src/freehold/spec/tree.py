"""Nodes as plain data whose every piece remembers where it stands and how it was written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from freehold.errors import Complaint
from freehold.spec.interpolate import fill
from freehold.spec.model import Mark
from freehold.spec.names import dotted
from freehold.spec.nodes import DEPTH_MAX, masked

ALIASED_NODES_MAX = 100_000
"""How many nodes aliases may repeat: a few lines of YAML can otherwise stand for more than memory holds."""

_CORE = "tag:yaml.org,2002:"
_TAGS = frozenset(_CORE + name for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "map", "seq"))
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_MERGE = _CORE + "merge"


class Text(str):
    """A scalar's text. ``raw`` is how it stands in the file: the only form that a complaint may show.

    ``reads_as`` is what other YAML readers take the unquoted text for (``int``, ``bool``, ...), else ``str``.
    """

    __slots__ = ("raw", "reads_as")

    raw: str
    reads_as: str

    def __new__(cls, text: str, raw: str, reads_as: str = "str") -> Text:
        made = super().__new__(cls, text)
        made.raw = raw
        made.reads_as = reads_as
        return made


Data = Text | None | dict[Text, "Data"] | list["Data"]


@dataclass(slots=True)
class Tree:
    """Collects data, places and complaints over all files of one declaration."""

    environment: Mapping[str, str]
    complaints: list[Complaint] = field(default_factory=list)
    marks: dict[str, Mark] = field(default_factory=dict)
    keys: dict[str, Mark] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    resolved: dict[str, str] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)
    _open: set[int] = field(default_factory=set)
    _repeated: int = 0

    def complain(self, mark: Mark, code: str, message: str, text: str, hint: str) -> None:
        self.complaints.append(Complaint(mark.file, mark.line, mark.column, code, message, masked(text), hint))

    def root(self, file: str, node: yaml.Node, path: str) -> Data:
        """The data of a whole document, placed at ``path``."""
        self._seen.clear()  # the nodes of the last document are gone, and their ids may come again
        return self.data(file, node, path)

    def data(self, file: str, node: yaml.Node, path: str) -> Data:
        """The data of ``node``; what is wrong with its form becomes complaints and is left out."""
        if path not in self.marks:
            self.marks[path] = mark_of(file, node)
        if id(node) in self._seen:
            self._repeated += 1
            if self._repeated >= ALIASED_NODES_MAX:
                if self._repeated == ALIASED_NODES_MAX:
                    message = f"aliases repeat more than {ALIASED_NODES_MAX} values"
                    self.complain(
                        mark_of(file, node), "alias", message, "", "Write the values out, or use fewer aliases."
                    )
                return None
        self._seen.add(id(node))
        if node.tag not in _TAGS:
            hint = "Leave out the tag: every value is read as its key needs."
            self.complain(mark_of(file, node), "tag", f'tag "{node.tag}" is not accepted', str(node.tag), hint)
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(file, node, path)
        if id(node) in self._open or len(self._open) >= DEPTH_MAX:
            self.complain(self.marks[path], "alias", "a value contains itself", "", "Remove the alias (*name).")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(file, node, path)
            return [self.data(file, item, f"{path}.{index}") for index, item in enumerate(node.value)]
        finally:
            self._open.discard(id(node))

    def _scalar(self, file: str, node: yaml.ScalarNode, path: str) -> Text | None:
        reads_as = node.tag.removeprefix(_CORE)
        raw = node.value
        self.written[path] = raw
        if _UNFIT.search(raw):
            self._unfit(mark_of(file, node), raw)
            return Unknown("", raw)
        if reads_as == "null" and not node.style:
            return None
        if "$" not in raw and not raw.startswith("env:"):
            return Text(raw, raw, reads_as)
        filled = fill(raw, self.environment)
        for name in filled.missing:
            hint = f'Set it, or write a default: "${{{name}:-value}}".'
            self.complain(
                mark_of(file, node), "variable_missing", f'environment variable "{name}" is not set', raw, hint
            )
        for place in filled.malformed:
            hint = "Write ${NAME} or ${NAME:-default}, and $$ for a dollar sign."
            self.complain(mark_of(file, node), "variable_malformed", f'"{masked(place)}" names no variable', raw, hint)
        if "\0" in filled.text:
            self.complain(
                mark_of(file, node), "variable_malformed", f'"{masked(raw)}" holds a NUL', raw, "Set it to text."
            )
            return Text("", raw)
        if filled.from_environment:
            self.resolved[path] = filled.text
        if filled.missing or filled.malformed:
            return Unknown("", raw)
        return Text(filled.text, raw)

    def _unfit(self, mark: Mark, raw: str) -> None:
        shown = _UNFIT.sub("?", raw)
        hint = "PostgreSQL stores neither in any text; remove it."
        self.complain(mark, "unfit_text", f'"{masked(shown)}" holds a NUL or half a surrogate pair', shown, hint)

    def _mapping(self, file: str, node: yaml.MappingNode, path: str) -> dict[Text, Data]:
        found: dict[Text, Data] = {}
        merged: list[tuple[yaml.Node, yaml.Node]] = []
        first: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.tag == _MERGE and not key.style:
                merged.extend(self._merged(file, value))
                continue
            name = self._key(file, key)
            if name is None:
                continue
            if name in first:
                line = first[name].start_mark.line + 1
                message = f'key "{masked(name)}" is written twice, first in line {line}'
                hint = "Keep one of the two; YAML readers disagree about which one counts."
                self.complain(mark_of(file, key), "key_twice", message, name, hint)
                continue
            first[name] = key
            self._enter(file, found, name, key, value, path)
        for key, value in merged:
            name = self._key(file, key)
            if name is not None and name not in found:
                self._enter(file, found, name, key, value, path)
        return found

    def _enter(
        self, file: str, found: dict[Text, Data], name: Text, key: yaml.Node, value: yaml.Node, path: str
    ) -> None:
        below = f"{path}.{dotted(name)}" if path else dotted(name)
        mark = mark_of(file, key)
        self.keys.setdefault(below, mark)
        if not isinstance(value, yaml.ScalarNode) or (not value.value and not value.style):
            self.marks.setdefault(below, mark)
        found[name] = self.data(file, value, below)

    def _key(self, file: str, key: yaml.Node) -> Text | None:
        if not isinstance(key, yaml.ScalarNode):
            hint = "Write a plain word before the colon; quote a name that starts with [ or {."
            self.complain(mark_of(file, key), "key_not_a_name", "a key must be a name", "", hint)
            return None
        if _UNFIT.search(key.value):
            self._unfit(mark_of(file, key), key.value)
            return None
        reads_as = str(key.tag).removeprefix(_CORE)
        if reads_as == "null" and not key.style:
            self.complain(mark_of(file, key), "key_not_a_name", "a key is empty", str(key.value), "Write a name.")
            return None
        return Text(key.value, key.value, reads_as if not key.style else "str")

    def _merged(self, file: str, value: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
        parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
        pairs: list[tuple[yaml.Node, yaml.Node]] = []
        for part in parts:
            if not isinstance(part, yaml.MappingNode) or any(key.tag == _MERGE for key, _ in part.value):
                hint = "Write <<: *name, where &name marks a mapping without << of its own."
                self.complain(mark_of(file, part), "merge", "<< merges only mappings", "<<", hint)
                continue
            pairs.extend(part.value)
        return pairs


class Unknown(Text):
    """A scalar whose variable is missing: complained about already, so later checks let it pass."""

    __slots__ = ()


def mark_of(file: str, node: yaml.Node) -> Mark:
    """Where ``node`` begins."""
    return Mark(file, node.start_mark.line + 1, node.start_mark.column + 1)
