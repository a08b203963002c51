"""YAML that every reader takes alike: PyYAML writes 1.1, and readers of 1.2 see numbers where it sees none."""

from __future__ import annotations

import re
from collections.abc import Iterable

import yaml

_PLAIN = re.compile(r"[A-Za-z/_][A-Za-z0-9_./ ,=()@*-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


class _Text(yaml.SafeDumper):
    """Text with line breaks as a block, text that could be read as something else in quotes, and no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if "\n" in text:
        style = "|"
    elif _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not text.endswith(" "):
        style = None
    else:
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Text.add_representer(str, _text)


def document(value: object) -> str:
    """One document, keys in the order given."""
    return yaml.dump(value, Dumper=_Text, sort_keys=False, allow_unicode=True, width=4096)


def documents(values: Iterable[object]) -> str:
    """Several documents in one file."""
    return "---\n".join(document(value) for value in values)
