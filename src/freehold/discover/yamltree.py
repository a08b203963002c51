"""YAML as a tree that knows its lines and is walked only where somebody looks, so that aliases cannot blow it up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

_DEEP = 4500
"""Brackets that a flow collection may open: libyaml's composer recurses in C."""
_MERGE_MAX = 20


class NotYaml(ValueError):
    """The text is no YAML; ``line`` says where."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


@dataclass(frozen=True, slots=True)
class Tree:
    """A node and how to look at it; what is not there, or is of another kind, is empty."""

    node: yaml.Node | None
    line: int = 0

    @property
    def text(self) -> str:
        """A scalar as written (``null`` and collections are empty)."""
        node = self.node
        if isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:null":
            return str(node.value)
        return ""

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_map(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    def list(self) -> tuple[Tree, ...]:
        """The items of a sequence; a scalar stands for a list of itself, as many formats allow."""
        if isinstance(self.node, yaml.SequenceNode):
            return tuple(_tree(item) for item in self.node.value)
        return (self,) if self.text else ()

    def map(self) -> dict[str, Tree]:
        """The keys of a mapping, those of ``<<`` below its own."""
        return _pairs(self.node, 0)

    def get(self, *path: str) -> Tree:
        """What stands under these keys, one inside the other."""
        here = self
        for key in path:
            here = here.map().get(key, _NOTHING)
        return here

    def walk(self, limit: int = 20_000) -> Iterator[tuple[str, Tree]]:
        """Every scalar with its dotted path, each node once, at most ``limit`` of them."""
        seen: set[int] = set()
        left: list[tuple[str, Tree]] = [("", self)]
        while left and limit:
            path, tree = left.pop()
            if tree.node is None or id(tree.node) in seen:
                continue
            limit -= 1
            if tree.is_map:
                seen.add(id(tree.node))
                left += [(f"{path}.{key}" if path else key, below) for key, below in reversed(tree.map().items())]
            elif tree.is_list:
                seen.add(id(tree.node))
                left += [(f"{path}.{number}", below) for number, below in reversed(list(enumerate(tree.list())))]
            elif tree.text:
                yield path, tree


_NOTHING = Tree(None)


def documents(text: str) -> tuple[Tree, ...]:
    """The documents of a YAML text. Raises NotYaml."""
    if text.count("[") + text.count("{") > _DEEP and not _shallow(text):
        raise NotYaml(1, "brackets nest too deep")
    if "\t" in text:  # libyaml refuses tabs before tokens, which other readers of these files take
        text = "\n".join(line.replace("\t", "    ") if line.startswith("\t") else line for line in text.split("\n"))
    try:
        return tuple(_tree(node) for node in yaml.compose_all(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise NotYaml((mark.line if mark else 0) + 1, str(getattr(error, "problem", None) or "no YAML")) from None


def _shallow(text: str) -> bool:
    depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            if depth > 500:
                return False
        elif character in "]}":
            depth = max(0, depth - 1)
    return True


def _tree(node: yaml.Node) -> Tree:
    return Tree(node, node.start_mark.line + 1 if node.start_mark is not None else 0)


def _pairs(node: yaml.Node | None, depth: int) -> dict[str, Tree]:
    if not isinstance(node, yaml.MappingNode) or depth > _MERGE_MAX:
        return {}
    own: dict[str, Tree] = {}
    merged: dict[str, Tree] = {}
    for key, value in node.value:
        if key.tag == "tag:yaml.org,2002:merge" or key.value == "<<":
            for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                for name, tree in _pairs(part, depth + 1).items():
                    merged.setdefault(name, tree)
        elif isinstance(key, yaml.ScalarNode):
            # the line of the key is the one a person looks for
            own[str(key.value)] = Tree(value, key.start_mark.line + 1 if key.start_mark is not None else 0)
    return {**merged, **own}
