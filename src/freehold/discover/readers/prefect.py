"""Prefect: the database of ``prefect.toml``, which belongs to the Prefect of its folder.

Where it tells the server another name (``application_name``), it is called that.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

from freehold.discover.facts import Connection, Fact, Unreadable
from freehold.discover.readers._kind import Source, reader


@reader(lambda path: path.rpartition("/")[2] == "prefect.toml")
def prefect(source: Source) -> Iterator[Fact]:
    text = source.text()
    try:
        node: object = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        yield Unreadable(source.at(1, ""), f"not TOML: {error}")
        return
    for key in ("server", "database"):
        node = node.get(key) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        return
    given = {str(key): str(value) for key, value in node.items()}
    line = next((n for n, row in enumerate(text.split("\n"), 1) if "server.database" in row), 1)
    at = source.at(line, "[server.database]")
    said: object = node
    for key in ("sqlalchemy", "connect_args", "application_name"):
        said = said.get(key) if isinstance(said, dict) else None
    owner = (said if isinstance(said, str) else "") or source.folder.rpartition("/")[2] or "prefect"
    if url := given.get("connection_url", ""):
        yield Connection(source.folder, at, url, how="configured", owner=owner)
    elif "postgresql" in given.get("driver", "") and given.get("name"):
        yield Connection(
            source.folder, at, "", given["name"], given.get("host", ""), given.get("user", ""),
            how="configured", owner=owner, port=given.get("port", ""),
        )  # fmt: skip
