"""Connection strings in code and settings that no other reader knows: Go, Rust, Java, PHP, Elixir, TOML, INI, make, ...

The last resort: texts are searched for whole PostgreSQL URLs and ``host=... dbname=...``; comments do not count. What
is found is a guess, and a URL that is only an example in code often is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import connections, places
from freehold.discover.facts import Connection, Fact
from freehold.discover.model import GUESS
from freehold.discover.readers._kind import Source, reader
from freehold.discover.readers._shared import SERVED, served_by_spring

_FILES = re.compile(
    r"\.(go|rs|java|kt|kts|scala|php|ex|exs|rb|toml|ini|conf|cfg|hcl|clj|erl|swift|dart|xml|json|yml|yaml|properties)$|(^|/)(GNU)?[Mm]akefile$|(^|/)justfile$"
)
_LEFT_OUT = re.compile(
    r"_test\.go$|Tests?\.(java|kt)$|(^|/)(package-lock|yarn|composer|tsconfig)[\w.-]*\.json$|openapi|swagger|\.min\.|"
    r"(^|/)(application|bootstrap)[\w.-]*\.(ya?ml|properties)$|(^|/)[^/]*(compose|stack)[^/]*\.ya?ml$|(^|/)appsettings[\w.-]*\.json$|"
    r"(^|/)\.github/|\.gitlab-ci|(^|/)alembic\.ini$|flyway|liquibase|(^|/)values[^/]*\.ya?ml$|(^|/)config/database"
)
_URL = re.compile(r"(?<![\w/])(?:jdbc:|r2dbc:)?postgres(?:ql)?(?:\+\w+)?://[^\s'\"`<>|\\)]+", re.IGNORECASE)
_LIBPQ = re.compile(r"['\"`](?P<dsn>[^'\"`\n]*\b(?:host|dbname)=[^'\"`\n]*)['\"`]")
_VERB = re.compile(r"%[svdq]|\{\w*\}(?<!\$\{\w)")
_COMMENT = re.compile(r"^\s*(//|#|\*|/\*|;|--|<!--)")
_CHARS_MAX = 1_000_000


@reader(lambda path: bool(_FILES.search(path)) and not _LEFT_OUT.search(path))
def source_urls(source: Source) -> Iterator[Fact]:
    if source.size > _CHARS_MAX:
        return
    text = source.text()
    if "postgres" not in text.lower() and "dbname=" not in text:
        return
    if (
        "/config-" in source.path
        or (SERVED.search(source.path) and served_by_spring(text))
        or (source.path.endswith((".yml", ".yaml")) and "apiVersion" in text)
    ):
        return  # the readers of manifests and of configuration servers know better
    environment = places.environment(source.path)
    for number, line in enumerate(text.split("\n"), 1):
        if ("://" not in line and "dbname=" not in line and "host=" not in line) or _COMMENT.match(line):
            continue
        for match in _URL.finditer(line):
            url = _VERB.sub("${unknown}", match[0].rstrip(",;."))
            if connections.parse(url) is not None:
                yield Connection(source.folder, source.at(number, line, GUESS), url, environment=environment)
        for match in _LIBPQ.finditer(line):
            target = connections.parse(match["dsn"])
            if target is None or not (target.host or target.login):
                continue  # a piece of a string that something else completes
            if target.database and "%" not in target.database:
                yield Connection(source.folder, source.at(number, line, GUESS), match["dsn"], environment=environment)
