"""Files of settings that a ConfigMap, a Secret or a chart holds as text: what of them leads to a database."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import connections
from freehold.discover.properties import Property, of_properties, of_yaml
from freehold.discover.yamltree import NotYaml

_YAML = re.compile(r"\.(ya?ml|json)$", re.IGNORECASE)
_LINES = re.compile(r"(\.(properties|env|ini|conf|toml)|^\.?env)$", re.IGNORECASE)
_PART = re.compile(r"(^|\.)(db|database|postgres\w*|datasource)\.\w+$", re.IGNORECASE)


def settings_in(name: str, text: str) -> Iterator[Property]:
    """The connection strings and the parts of connections that a file of this name spells out."""
    try:
        if _YAML.search(name):
            found = list(of_yaml(text))
        elif _LINES.search(name):
            found = list(of_properties(text))
        else:
            return
    except NotYaml:
        return
    for each in found:
        target = connections.parse(each.value)
        if (target is not None and target.engine in ("", connections.POSTGRESQL)) or _PART.search(each.key):
            yield Property(each.key, each.value.strip("\"'"), each.line, each.profile)
