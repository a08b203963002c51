"""Settings of the JVM world as (key, value, line): properties files and YAML with documents and profiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from freehold.discover.yamltree import documents

_LINE = re.compile(r"^\s*(?P<key>[^\s=:#!][^=:\s]*)\s*[=:]\s*(?P<value>.*)$")
_QUARKUS = re.compile(r"%(?P<profile>[\w-]+)\.(?P<key>.+)$")


@dataclass(frozen=True, slots=True)
class Property:
    """One setting; ``profile`` is that of its document."""

    key: str
    value: str
    line: int
    profile: str = ""


def of_properties(text: str) -> Iterator[Property]:
    """The settings of a ``.properties`` file; ``#---`` begins another document."""
    profile = ""
    held: list[Property] = []
    for number, line in enumerate([*text.split("\n"), "#---"], 1):
        if line.strip() in ("#---", "!---"):
            for each in held:
                yield _own(Property(each.key, each.value, each.line, profile))
            held, profile = [], ""
        elif not line.lstrip().startswith(("#", "!")) and (match := _LINE.match(line)):
            if match["key"] in ("spring.config.activate.on-profile", "spring.profiles"):
                profile = match["value"].strip()
            held.append(Property(match["key"], normal(match["value"].strip()), number))


def of_yaml(text: str) -> Iterator[Property]:
    """The settings of a YAML file, keys joined with dots. Raises NotYaml."""
    for document in documents(text):
        profile = (
            document.get("spring", "config", "activate", "on-profile").text or document.get("spring", "profiles").text
        )
        profile = profile or document.get("spring.config.activate.on-profile").text
        for path, tree in document.walk():
            yield _own(Property(path, normal(tree.text), tree.line, profile))


def _own(found: Property) -> Property:
    """A setting with the profile before its key, as Quarkus writes it: ``%dev.quarkus.datasource.jdbc.url``."""
    match = _QUARKUS.match(found.key)
    return Property(match["key"], found.value, found.line, match["profile"]) if match else found


def normal(value: str) -> str:
    """``${A:b}`` as Spring writes a default becomes ``${A:-b}``, nested ones too; ``jdbc:...`` inside stays whole."""
    out: list[str] = []
    at = 0
    while at < len(value):
        begin = value.find("${", at)
        if begin < 0:
            break
        depth, end = 1, begin + 2
        while end < len(value) and depth:
            if value.startswith("${", end):
                depth += 1
            elif value[end] == "}":
                depth -= 1
            end += 1
        if depth:
            break
        name, colon, default = value[begin + 2 : end - 1].partition(":")
        out += [
            value[at:begin],
            f"${{{name.strip()}:-{normal(default.removeprefix('-'))}}}" if colon else f"${{{name.strip()}}}",
        ]
        at = end
    return "".join((*out, value[at:]))
