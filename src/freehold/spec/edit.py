"""Change one value of a declaration's text and leave every other byte, comment and quote as it was.

Invariant: after an edit the text reads as the old data with that one change, or LookupError is raised and nothing is
returned. Both texts are read and compared, so a form that the span arithmetic does not foresee is refused, not spoilt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from freehold.errors import DeclarationError
from freehold.spec.nodes import Broken, compose
from freehold.spec.scalars import Written, block, flow

Plain = str | None | list["Plain"] | dict[str, "Plain"]
Path = tuple[str, ...]


def set_value(text: str, path: Path, value: Written) -> str:
    """``text`` with ``value`` at ``path`` (keys, and indexes of lists as digits); missing mappings are added.

    Comments inside a mapping or list that is replaced as a whole go with it. A ``$`` is written as it is, so
    ``${NAME}`` stays a variable. Raises LookupError for a path that cannot be set, DeclarationError for broken text.
    """
    if not path:
        raise LookupError("the path is empty")
    root = _root(text)
    wanted = _changed(_plain(root, []), path, value)
    edited = _set(text, root, path, value)
    return _verified(edited, wanted, path)


def remove(text: str, path: Path) -> str:
    """``text`` without the entry at ``path``, its line's own comment included. Raises as ``set_value`` does."""
    root = _root(text)
    parent, found = _walk(root, path)
    if found is None or parent is None or found.rest:
        raise LookupError(f"nothing stands at {'.'.join(path)}")
    wanted = _removed(_plain(root, []), path)
    return _verified(_without(text, parent, found), wanted, path)


@dataclass(frozen=True, slots=True)
class _Found:
    """The deepest node on a path: its key (None in a list), what of the path is left, and its place in the parent."""

    node: yaml.Node
    key: yaml.Node | None
    rest: Path
    index: int


def _root(text: str) -> yaml.Node | None:
    if text.startswith("\ufeff"):
        raise LookupError("the text begins with a byte order mark")
    try:
        return compose("freehold.yaml", text)
    except Broken as broken:
        raise DeclarationError((broken.complaint,)) from None


def _walk(root: yaml.Node | None, path: Path) -> tuple[yaml.Node | None, _Found | None]:
    parent: yaml.Node | None = None
    found: _Found | None = None
    node = root
    for depth, part in enumerate(path):
        step: tuple[yaml.Node | None, yaml.Node, int] | None = None
        if isinstance(node, yaml.MappingNode):
            step = next(((k, v, i) for i, (k, v) in enumerate(node.value) if k.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and part.isdecimal() and int(part) < len(node.value):
            step = None, node.value[int(part)], int(part)
        if step is None:
            break
        parent, node = node, step[1]
        found = _Found(step[1], step[0], path[depth + 1 :], step[2])
    return parent, found


def _set(text: str, root: yaml.Node | None, path: Path, value: Written) -> str:
    if root is None:
        gap = "" if not text or text.endswith("\n") else "\n"
        return text + gap + "\n".join(block(path[0], _nested(path[1:], value), 0)) + "\n"
    parent, found = _walk(root, path)
    if found is None or parent is None:
        return _added(text, root, path, value)
    node, rest = found.node, found.rest
    if rest and not _is_null(node):
        if _aliased(parent, found):
            raise LookupError(f"{'.'.join(path[: -len(rest)])} is an alias")
        return _added(text, node, rest, value)
    new = _nested(rest, value)
    if _aliased(parent, found):
        after = found.key.end_mark.index if found.key is not None else parent.start_mark.index
        alias = re.compile(r"\s*:\s*(\*[^\s,\]}]+)").match(text, after)
        if alias is None:
            raise LookupError(f"{'.'.join(path)} is an alias")
        return text[: alias.start(1)] + flow(new) + text[alias.end(1) :]
    start, end = node.start_mark.index, _end(text, node)
    if found.key is None:
        return text[:start] + flow(new) + text[end:]
    return _placed(text, parent, found.key, (start, end), new)


def _placed(text: str, parent: yaml.Node, key: yaml.Node, span: tuple[int, int], new: Written) -> str:
    start, end = span
    colon = text.find(":", key.end_mark.index, max(start, key.end_mark.index + 1))
    if colon < 0:
        return text[: key.end_mark.index] + ": " + flow(new) + text[key.end_mark.index :]
    gap = text[colon + 1 : start]
    if start == end and isinstance(new, dict) and not _flow(parent):
        # A key without a value: the new mapping goes below, after the line's own comment.
        below = [line for name, item in new.items() for line in block(str(name), item, key.start_mark.column + 2)]
        at = _line_end(text, colon)
        return text[:at] + "".join(_newline(text) + line for line in below) + text[at:]
    if "#" in gap:
        return text[:start] + "  " + flow(new) + text[end:]
    return text[: colon + 1] + (gap if gap and gap.isspace() and "\n" not in gap else " ") + flow(new) + text[end:]


def _added(text: str, node: yaml.Node, path: Path, value: Written) -> str:
    if not isinstance(node, yaml.MappingNode):
        raise LookupError(f'"{path[0]}" cannot be added: there is no mapping')
    new = _nested(path[1:], value)
    if _flow(node):
        entry = flow({path[0]: new})[1:-1]
        if not node.value:
            at = text.index("{", node.start_mark.index) + 1
            return text[:at] + entry + text[at:]
        last = node.value[-1]
        at = max(_end(text, last[1]), last[0].end_mark.index) if _within(node, last[1]) else -1
        if at < 0:
            at = len(text[: node.end_mark.index - 1].rstrip())
        return text[:at] + (" , " if _is_null(last[1]) else ", ") + entry + text[at:]
    at = _line_end(text, _end(text, node))
    lines = block(path[0], new, node.value[0][0].start_mark.column)
    return text[:at] + "".join(_newline(text) + line for line in lines) + text[at:]


def _without(text: str, parent: yaml.Node, found: _Found) -> str:
    items: list[tuple[yaml.Node, yaml.Node]] = [
        item if isinstance(item, tuple) else (item, item) for item in parent.value
    ]
    key, node = items[found.index]
    start = key.start_mark.index
    end = max(_end(text, node), key.end_mark.index) if _within(parent, node) and key is not node else _end(text, node)
    if _aliased(parent, found):
        alias = re.compile(r"\s*:\s*\*[^\s,\]}]+").match(text, key.end_mark.index)
        if alias is None or key is node:
            raise LookupError("the entry is an alias")
        end = alias.end()
    following = items[found.index + 1][0].start_mark.index if found.index + 1 < len(items) else -1
    empty = "{}" if isinstance(parent, yaml.MappingNode) else "[]"
    if _flow(parent):
        if len(items) == 1:
            opened = text.index(empty[0], parent.start_mark.index)
            return text[:opened] + empty + text[parent.end_mark.index :]
        if following >= 0:
            return text[:start] + text[following:]
        comma = text.rindex(",", 0, start)
        return text[:comma] + text[end:]
    line = text.rfind("\n", 0, start) + 1
    lead = text[line:start].strip()
    if len(items) == 1 and (lead or isinstance(parent, yaml.SequenceNode) or line == 0):
        first = parent.start_mark.index
        if isinstance(parent, yaml.SequenceNode):
            return text[:first] + ("  " if parent.start_mark.column == 0 else "") + empty + text[end:]
        return text[:first] + empty + text[end:]
    if lead and not (lead == "-" and isinstance(parent, yaml.SequenceNode)):
        if following < 0:
            raise LookupError("the entry shares its line with another")
        return text[:start] + text[following:]
    return text[:line] + text[min(_line_end(text, end) + len(_newline(text)), len(text)) :]


def _end(text: str, node: yaml.Node) -> int:
    """Where ``node`` really ends: libyaml ends a block where the next token begins, comments included."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        parts = last if isinstance(last, tuple) else (last,)
        inside = [_end(text, part) for part in parts if _within(node, part)]
        end = max(inside, default=node.start_mark.index)
        if len(inside) < len(parts):  # the last value is an alias, written after its key
            alias = re.compile(r"[\s:-]*\*\S+").match(text, end)
            return alias.end() if alias is not None else end
        return end
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        return node.start_mark.index + len(text[node.start_mark.index : node.end_mark.index].rstrip())
    return int(node.end_mark.index)


def _within(parent: yaml.Node, node: yaml.Node) -> bool:
    return bool(parent.start_mark.index <= node.start_mark.index and node.end_mark.index <= parent.end_mark.index)


def _aliased(parent: yaml.Node, found: _Found) -> bool:
    before = found.key.end_mark.index if found.key is not None else parent.start_mark.index
    return not _within(parent, found.node) or bool(found.node.start_mark.index < before)


def _flow(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and bool(node.flow_style)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null") and not node.style


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return end - 1 if text[end - 1 : end] == "\r" else end


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _nested(path: Path, value: Written) -> Written:
    return value if not path else {path[0]: _nested(path[1:], value)}


def _plain(node: yaml.Node | None, above: list[int]) -> Plain:
    if node is None or _is_null(node):
        return None
    if id(node) in above or len(above) > 32:
        raise LookupError("the text nests too deep or contains itself")
    if isinstance(node, yaml.MappingNode):
        if not all(isinstance(key, yaml.ScalarNode) for key, _ in node.value):
            raise LookupError("a key is not a name")
        return {key.value: _plain(item, [*above, id(node)]) for key, item in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, [*above, id(node)]) for item in node.value]
    return str(node.value)


def _as_plain(value: Written) -> Plain:
    root = _root(flow(value))
    return _plain(root, [])


def _changed(data: Plain, path: Path, value: Written) -> Plain:
    if not path:
        return _as_plain(value)
    if isinstance(data, list):
        if not path[0].isdecimal() or int(path[0]) >= len(data):
            raise LookupError(f'"{path[0]}" is not an index of the list')
        return [_changed(v, path[1:], value) if i == int(path[0]) else v for i, v in enumerate(data)]
    if isinstance(data, str):
        raise LookupError(f'"{path[0]}" cannot be added: a value stands there')
    return {**(data or {}), path[0]: _changed((data or {}).get(path[0]), path[1:], value)}


def _removed(data: Plain, path: Path) -> Plain:
    if isinstance(data, list):
        below = [v if i != int(path[0]) else _removed(v, path[1:]) for i, v in enumerate(data)]
        return below if len(path) > 1 else [v for i, v in enumerate(data) if i != int(path[0])]
    if isinstance(data, dict):
        kept = {k: v for k, v in data.items() if k != path[0]}
        return {**data, path[0]: _removed(data[path[0]], path[1:])} if len(path) > 1 else kept
    return data


def _emptied(data: Plain) -> Plain:
    """``data`` for comparison: a mapping without entries and no value at all are the same to the reader."""
    if isinstance(data, dict):
        return {key: _emptied(item) for key, item in data.items()} or None
    return [_emptied(item) for item in data] if isinstance(data, list) else data


def _verified(edited: str, wanted: Plain, path: Path) -> str:
    try:
        got = _plain(_root(edited), [])
    except DeclarationError:
        got = "not YAML"
    if _emptied(got) != _emptied(wanted):
        raise LookupError(f"{'.'.join(path)} stands in a form that cannot be edited; edit the file by hand")
    return edited
