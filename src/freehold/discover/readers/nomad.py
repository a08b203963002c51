"""Nomad: the jobs of ``*.nomad`` and ``*.nomad.hcl``, their images and the variables that a task is started with.

Found by their form; what a template of a task puts together is not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.facts import Deployed, Fact, Variable
from freehold.discover.readers._kind import Source, reader

_NAMED = re.compile(r"\.nomad(\.hcl)?$")
_JOB = re.compile(r"^\s*job\s+\"(?P<name>[^\"]+)\"\s*\{", re.MULTILINE)
_TASK = re.compile(r"^\s*task\s+\"(?P<name>[^\"]+)\"\s*\{", re.MULTILINE)
_IMAGE = re.compile(r"^\s*image\s*=\s*\"(?P<image>[^\"]+)\"", re.MULTILINE)
_ENV = re.compile(r"^\s*env\s*(?:=\s*)?\{(?P<body>[^{}]*(?:\$\{[^}]*\}[^{}]*)*)\}", re.MULTILINE)
_PAIR = re.compile(r"^\s*\"?(?P<name>\w+)\"?\s*=\s*\"?(?P<value>[^\"\n]*)\"?\s*$", re.MULTILINE)


@reader(lambda path: bool(_NAMED.search(path)))
def nomad(source: Source) -> Iterator[Fact]:
    text = source.text()
    job = _JOB.search(text)
    tasks = list(_TASK.finditer(text))
    if job is None:
        return
    scope = f"nomad:{source.folder}"
    environment = places.environment(source.path)
    for number, task in enumerate(tasks):
        end = tasks[number + 1].start() if number + 1 < len(tasks) else len(text)
        name = task["name"] if len(tasks) > 1 else job["name"]
        image = _IMAGE.search(text, task.end(), end)
        line = text.count("\n", 0, task.start("name")) + 1
        yield Deployed(name, scope, source.at(line, f"task {name}"), "", image["image"] if image else "", environment)
        for block in _ENV.finditer(text, task.end(), end):
            for pair in _PAIR.finditer(block["body"]):
                at = source.at(text.count("\n", 0, block.start("body") + pair.start("name")) + 1, pair[0].strip())
                yield Variable(f"service:{scope}:{name}", pair["name"], pair["value"].strip(), at, environment)
