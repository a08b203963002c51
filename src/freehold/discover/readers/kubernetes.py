"""Kubernetes manifests: workloads with ``env`` and ``envFrom``, ConfigMaps with init SQL, Secrets, Services.

Of a Secret that stands in the repository only names are shown; its values are looked at to learn which database a
connection leads to. Templates of charts are not rendered (see helm).
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.facts import Fact, Unreadable
from freehold.discover.manifests import manifest_facts
from freehold.discover.readers._kind import Source, reader
from freehold.discover.yamltree import NotYaml, documents

_LIST = ("kind:", 'kind":')


@reader(lambda path: path.endswith((".yaml", ".yml")))
def kubernetes(source: Source) -> Iterator[Fact]:
    text = source.text()
    if "apiVersion" not in text or not any(word in text for word in _LIST):
        return
    if "{{" in text and "/templates/" in f"/{source.path}":
        return
    try:
        found = documents(text)
    except NotYaml as error:
        if "{{" not in text:
            yield Unreadable(source.at(error.line, ""), f"not YAML: {error}")
        return
    for document in found:
        if document.is_map:
            yield from manifest_facts(source, f"kubernetes:{source.folder}", document)
