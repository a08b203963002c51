"""Kustomize: ConfigMaps and Secrets that ``kustomization.yaml`` generates from literals, env files and files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.facts import Fact, Runs, Takes, Unreadable, Variable
from freehold.discover.readers._kind import Source, reader
from freehold.discover.yamltree import NotYaml, documents

_NAMED = re.compile(r"(^|/)kustomization\.ya?ml$|(^|/)Kustomization$")


@reader(lambda path: bool(_NAMED.search(path)))
def kustomize(source: Source) -> Iterator[Fact]:
    try:
        roots = documents(source.text())
    except NotYaml as error:
        yield Unreadable(source.at(error.line, ""), f"not YAML: {error}")
        return
    environment = places.environment(source.path) or places.word(source.folder.rpartition("/")[2])
    environment = environment if environment in ("dev", "prod", "staging", "test") else ""
    for root in roots:
        for kind in ("configMapGenerator", "secretGenerator"):
            for item in root.get(kind).list():
                holder = f"config:kubernetes:{source.folder}:{item.get('name').text}"
                for literal in item.get("literals").list():
                    name, _, value = literal.text.partition("=")
                    shown = name if kind == "secretGenerator" else literal.text
                    yield Variable(holder, name, value.strip("\"'"), source.at(literal.line, shown), environment)
                for file in (*item.get("envs").list(), *item.get("env").list()):
                    path = places.joined(source.folder, file.text)
                    yield Takes(holder, f"file:{path}", source.at(file.line, file.text))
                for file in item.get("files").list():
                    path = places.joined(source.folder, file.text.rpartition("=")[2])
                    if path.endswith((".sql", ".sh")):
                        yield Runs(path, source.at(file.line, file.text))
