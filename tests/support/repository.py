"""Repositories as texts: what a test or the example of a conflict writes down, and what is discovered in it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from freehold.discover.model import Discovery
from freehold.discover.readers._kind import Source
from freehold.discover.run import discover

_FILE = re.compile(r"^=== (\S.*)$", re.MULTILINE)


def sources(files: Mapping[str, str | bytes]) -> list[Source]:
    found = []
    for path, content in sorted(files.items()):
        held = content.encode() if isinstance(content, str) else content
        found.append(Source(path, len(held), lambda held=held: [held]))
    return found


def discovered(files: Mapping[str, str | bytes], root: str = "shop") -> Discovery:
    return discover(sources(files), root)


def files_of(text: str) -> dict[str, str]:
    """``=== path`` begins a file; what follows up to the next is its content."""
    parts = _FILE.split(textwrap.dedent(text))
    return {path.strip(): content.strip("\n") + "\n" for path, content in zip(parts[1::2], parts[2::2], strict=True)}


def example(page: str, title: str) -> dict[str, str]:
    """The files of the example under ``Bad:`` or ``Good:`` of a docstring."""
    match = re.search(rf"^{title}:\n((?:(?:    .*)?\n)+)", page + "\n", re.MULTILINE)
    return files_of(match[1]) if match else {}
