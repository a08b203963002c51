"""CI: the PostgreSQL services of GitHub, GitLab, CircleCI and others. They are for tests alone and count as such."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover.engines import of_image
from freehold.discover.facts import Fact, Unreadable
from freehold.discover.made import DatabaseMade
from freehold.discover.readers._kind import Source, reader
from freehold.discover.yamltree import NotYaml, Tree, documents

_NAMED = re.compile(
    r"(^|/)(\.github/workflows/[^/]+|\.gitlab-ci[^/]*|\.circleci/config|\.travis|bitbucket-pipelines|azure-pipelines[^/]*|\.drone)\.ya?ml$"
)


@reader(lambda path: bool(_NAMED.search(path)))
def ci(source: Source) -> Iterator[Fact]:
    text = source.text()
    if "postgres" not in text:
        return
    try:
        roots = documents(text)
    except NotYaml as error:
        yield Unreadable(source.at(error.line, ""), f"not YAML: {error}")
        return
    for root in roots:
        for path, tree in root.walk():
            if path.endswith(("POSTGRES_DB", "POSTGRESQL_DATABASE")) and "${" not in tree.text:
                yield DatabaseMade(tree.text, source.at(tree.line, f"POSTGRES_DB: {tree.text}"), environment="test")
            elif path.endswith(".image") and of_image(tree.text) == "postgresql":
                yield from _unnamed(source, tree)


def _unnamed(source: Source, tree: Tree) -> Iterator[Fact]:
    yield DatabaseMade("postgres", source.at(tree.line, f"image: {tree.text}"), environment="test")
