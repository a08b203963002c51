"""The text of a declaration and its includes as one Platform, or every complaint about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import yaml
from pydantic import ValidationError

from freehold.errors import Complaint, DeclarationError
from freehold.spec.build import platform
from freehold.spec.document import DeclarationForm
from freehold.spec.explain import explain
from freehold.spec.includes import FILES_MAX, matching, stem_of
from freehold.spec.model import Mark, Platform
from freehold.spec.names import dotted
from freehold.spec.nodes import Broken, compose, masked
from freehold.spec.tree import Data, Text, Tree, Unknown, mark_of

ReadText = Callable[[str], str]
ListFolder = Callable[[str], Sequence[str]]


def read(path: str, read_text: ReadText, list_folder: ListFolder, environment: Mapping[str, str]) -> Platform:
    """The platform that the file ``path`` declares.

    ``read_text(file)`` returns a file's text, ``list_folder(folder)`` the names in a folder; both may raise OSError,
    and ``read_text`` UnicodeDecodeError. Raises DeclarationError with all complaints, never anything else.
    """
    tree = Tree(environment)
    form = _form(tree, path, read_text, list_folder)
    if tree.complaints or form is None:
        raise DeclarationError(_in_order(tree.complaints, path))
    return platform(form, path, tree)


def _form(tree: Tree, path: str, read_text: ReadText, list_folder: ListFolder) -> DeclarationForm | None:
    start = Mark(path, 1, 1)
    root = _node(tree, path, read_text, start, path)
    if root is None:
        if not tree.complaints:
            hint = "Write platform: and services:, or run `freehold init`."
            tree.complain(start, "empty", "the file is empty", "", hint)
        return None
    top = tree.root(path, root, "")
    if not isinstance(top, dict):
        hint = "Write key: value lines, beginning with platform: NAME."
        tree.complain(tree.marks[""], "not_a_mapping", "a declaration is a mapping of keys", "", hint)
        return None
    _gather(tree, path, top, read_text, list_folder)
    try:
        return DeclarationForm.model_validate(top)
    except ValidationError as error:
        explain(error, tree, path)
        return None


def _node(tree: Tree, file: str, read_text: ReadText, said: Mark, shown: str) -> yaml.Node | None:
    try:
        return compose(file, read_text(file))
    except Broken as broken:
        tree.complaints.append(broken.complaint)
    except UnicodeDecodeError as error:
        place = Mark(file, bytes(error.object[: error.start]).count(b"\n") + 1, 1)
        tree.complain(place, "not_utf8", "the file is not UTF-8", "", "Save it as UTF-8.")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        message = f'file "{masked(shown)}" cannot be read: {reason}'
        tree.complain(said, "unreadable", message, shown, "Check the path and its rights, or run `freehold init`.")
    return None


def _gather(tree: Tree, path: str, top: dict[Text, Data], read_text: ReadText, list_folder: ListFolder) -> None:
    """Move the services of all included files into ``top``."""
    key = next((key for key in top if key == "include"), None)
    if key is None:
        return
    said = top.pop(key)
    patterns = said if isinstance(said, list) else [] if said is None else [said]
    services = top.get(Text("services", ""))
    if services is None:
        services = {}
        top[Text("services", "services")] = services
    if not isinstance(services, dict):
        return
    files: dict[str, tuple[Mark, str]] = {}
    for index, pattern in enumerate(patterns):
        mark = tree.marks.get(dotted("include", index), tree.marks["include"])
        if isinstance(pattern, Unknown):
            continue
        if not isinstance(pattern, Text):
            tree.complain(mark, "include", "an include is not a file name", "", "Write include: services/*.yaml.")
            continue
        try:
            found = matching(path, pattern, list_folder)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be followed"
            hint = "Write a path from this file's folder, with * only after the last /."
            tree.complain(mark, "include", f'include "{masked(pattern.raw)}": {reason}', pattern.raw, hint)
            continue
        if not found:
            message = f'include "{masked(pattern.raw)}" names no file'
            tree.complain(mark, "include", message, pattern.raw, "Write a path from this file's folder.")
        # A name that a variable gave is shown as it is written.
        shown = {file: file if pattern == pattern.raw else pattern.raw for file in found}
        files.update({file: (mark, shown[file]) for file in found if file != path and file not in files})
    if len(files) > FILES_MAX:
        tree.complain(
            tree.marks["include"], "include", f"more than {FILES_MAX} files are included", "", "Include fewer."
        )
        return
    for file, said_at in files.items():
        _include(tree, file, said_at, services, read_text)


def _include(tree: Tree, file: str, said: tuple[Mark, str], services: dict[Text, Data], read_text: ReadText) -> None:
    count = len(tree.complaints)
    root = _node(tree, file, read_text, *said)
    if len(tree.complaints) > count:
        return
    keys = {k.value: k for k, _ in root.value if isinstance(k.value, str)} if isinstance(root, yaml.MappingNode) else {}
    if "services" not in keys:
        name = stem_of(file)
        below = dotted("services", name)
        if Text(name, name) in services:
            _twice(tree, Mark(file, 1, 1), name)
            return
        tree.marks[below] = tree.keys[below] = Mark(file, 1, 1)
        services[Text(name, name)] = None if root is None else tree.root(file, root, below)
        return
    for name, key in keys.items():
        if name != "services":
            hint = "Keep services: in an included file, and everything else in the main one."
            tree.complain(mark_of(file, key), "include", f'key "{masked(str(name))}" cannot be included', name, hint)
    bodies = next(value for key, value in root.value if key.value == "services") if root is not None else None
    if not isinstance(bodies, yaml.MappingNode):
        return
    for key, _ in bodies.value:
        if isinstance(key.value, str) and Text(key.value, "") in services:
            _twice(tree, mark_of(file, key), str(key.value))
    found = tree.root(file, bodies, "services")
    for key, body in found.items() if isinstance(found, dict) else ():
        services.setdefault(key, body)


def _twice(tree: Tree, mark: Mark, name: str) -> None:
    first = tree.keys.get(dotted("services", name))
    where = f", first in {first.file}:{first.line}" if first is not None and first != mark else ""
    message = f'service "{masked(name)}" is declared twice{where}'
    tree.complain(mark, "service_twice", message, name, "Keep one of the two.")


def _in_order(complaints: list[Complaint], path: str) -> tuple[Complaint, ...]:
    return tuple(sorted(set(complaints), key=lambda c: (c.file != path, c.file, c.line, c.column, c.code, c.message)))
