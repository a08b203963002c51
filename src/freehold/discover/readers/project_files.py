"""Files that make a folder a project of its own: package.json, pom.xml, go.mod, Cargo.toml, a Dockerfile, ...

Only their names are looked at. A folder of ``cmd/`` with a ``main.go`` counts, as Go keeps several programs there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname

from freehold.discover.facts import Fact, Unit
from freehold.discover.readers._kind import Source, reader

_MARKS = re.compile(
    r"(^|/)(package\.json|pom\.xml|build\.gradle(\.kts)?|go\.mod|Cargo\.toml|pyproject\.toml|setup\.py|Pipfile|"
    r"requirements\.txt|Gemfile|composer\.json|mix\.exs|manage\.py|build\.sbt|[^/]+\.(csproj|fsproj)|Dockerfile|"
    r"tsconfig\.app\.json|project\.json|skaffold\.yaml|Chart\.yaml|deno\.json|pubspec\.yaml)$|(^|/)cmd/[^/]+/main\.go$"
)
_PROGRAM = re.compile(r"(^|/)src/main\.rs$")


@reader(lambda path: bool(_MARKS.search(path) or _PROGRAM.search(path)))
def project_files(source: Source) -> Iterator[Fact]:
    folder = dirname(source.path)
    yield Unit(dirname(folder) if _PROGRAM.search(source.path) else folder, source.at(1, source.name))
