"""Builds of the JVM world: whether ``build.gradle`` or ``pom.xml`` takes a driver or a mapper for relational databases.

Says which services a file of settings that many take in leads to a database; what is excluded does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover.facts import Driven, Fact
from freehold.discover.readers._kind import Source, reader

_NAMED = re.compile(r"(^|/)(build\.gradle(\.kts)?|pom\.xml)$")
_DRIVER = re.compile(r"postgresql|data[-.]jpa|data[-.]jdbc|r2dbc|jooq|mybatis|exposed|hibernate|starter[-.]jdbc|agroal")
_EXCLUDED = re.compile(r"<exclusions?>.*?</exclusions?>", re.DOTALL)


@reader(lambda path: bool(_NAMED.search(path)))
def jvm_builds(source: Source) -> Iterator[Fact]:
    lines = _EXCLUDED.sub("", source.text()).split("\n")
    driver = any(_DRIVER.search(line) and "exclude" not in line for line in lines)
    yield Driven(source.folder, driver, source.at(1, source.name))
