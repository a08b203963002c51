"""How tests read a declaration: from text, with files and variables that are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from freehold.errors import Complaint, DeclarationError
from freehold.spec.model import Platform
from freehold.spec.read import read

Reader = Callable[..., Platform]


def platform_of(
    text: str, environment: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None
) -> Platform:
    held = {"freehold.yaml": text, **(files or {})}

    def read_text(file: str) -> str:
        if file not in held:
            raise FileNotFoundError(2, "No such file or directory", file)
        return held[file]

    def list_folder(folder: str) -> list[str]:
        prefix = "" if folder == "." else folder + "/"
        return [name[len(prefix) :] for name in held if name.startswith(prefix) and "/" not in name[len(prefix) :]]

    return read("freehold.yaml", read_text, list_folder, environment or {})


def complaints_of(
    text: str, environment: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None
) -> tuple[Complaint, ...]:
    with pytest.raises(DeclarationError) as caught:
        platform_of(text, environment, files)
    return caught.value.complaints
