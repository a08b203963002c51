"""What a shell script does to databases: SQL it feeds to psql, createdb, and loops over lists of names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname

from freehold.discover import places
from freehold.discover.created import LISTS
from freehold.discover.facts import Fact, Runs, Script
from freehold.discover.made import DatabaseDropped, DatabaseMade
from freehold.discover.model import CERTAIN, LIKELY, Evidence
from freehold.discover.scripts import At, script_facts

_HEREDOC = re.compile(r"<<(?P<tabs>-?)\s*(?P<quote>['\"]?)(?P<word>\w+)(?P=quote)")
_COMMAND = re.compile(r"\bpsql\b.*?(?:-c|--command)[= ]\s*(?P<quote>[\"'])(?P<sql>.*?)(?<!\\)(?P=quote)", re.DOTALL)
_DATABASE = re.compile(r"(?:-d|--dbname)[= ]?\s*[\"']?(?P<name>[$\w{}.-]+)|\bpsql\b.*?\s(?P<bare>\w+)\s*<<")
_CREATEDB = re.compile(r"(?:^|[;&|]\s*|\s)createdb\b(?P<words>[^;&|#\n]*)")
_DROPDB = re.compile(r"(?:^|[;&|]\s*|\s)dropdb\b(?P<words>[^;&|#\n]*)")
_FILE = re.compile(
    r"\bpsql\b[^;|\n]*?(?:-f|--file)[= ]?\s*[\"']?(?P<file>[^\s\"';]+)|\bpsql\b[^;|<\n]*<\s*(?P<input>[^\s<;]+)"
)
_LOOP = re.compile(r"\bfor\s+(?P<name>\w+)\s+in\s+(?P<list>[^;\n]+)")
_ASSIGN = re.compile(
    r"^\s*(?:local\s+|export\s+|readonly\s+|declare\s+(?:-\w+\s+)?)?(?P<name>[A-Za-z_]\w*)=(?P<value>\((?:[^()]*)\)|\"[^\"]*\"|'[^']*'|[^\s;]+)",
    re.MULTILINE,
)
_CALL = re.compile(r"^\s*(?P<name>\w+)\s+(?P<words>[^|&;#\n]+)$", re.MULTILINE)
_FUNCTION = re.compile(r"^\s*(?:function\s+)?(?P<name>\w+)\s*\(\)\s*\{(?P<body>.*?)^\s*\}", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"\$\{?(?P<name>\w+)(?:\[@\]|\[\*\])?(?::-(?P<default>[^}]*))?\}?")


def shell_facts(text: str, at: At, path: str) -> Iterator[Fact]:
    """The facts of a shell script, wherever it stands."""
    reads = tuple(sorted({m["name"] for m in _VARIABLE.finditer(text) if LISTS.search(m["name"])}))
    yield Script(path, at(1, path, CERTAIN), reads)
    values = {m["name"]: m["value"] for m in _ASSIGN.finditer(text)}
    lists: dict[str, list[str]] = {}
    for match in _LOOP.finditer(text):
        lists.setdefault(match["name"], []).extend(_expand(match["list"], values))
    for name, words in _calls(text, values):
        lists.setdefault(name, []).extend(words)
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if line.lstrip().startswith("#"):
            continue
        yield from _tools(line, number, at, path, lists, values)
        for command in _COMMAND.finditer(line):
            yield from _sql(command["sql"], number, line, at, path, lists, values)
        heredoc = _HEREDOC.search(line)
        if heredoc is not None:
            body: list[str] = []
            begin = number
            while number < len(lines) and lines[number].strip() != heredoc["word"]:
                body.append(lines[number])
                number += 1
            if "psql" in line or "CREATE" in " ".join(body).upper():
                yield from _sql("\n".join(body), begin + 1, line, at, path, lists, values)


def _sql(
    body: str, first: int, command: str, at: At, path: str, lists: dict[str, list[str]], values: dict[str, str]
) -> Iterator[Fact]:
    """SQL inside a script, once for each value of a loop's variable that it names."""
    match = _DATABASE.search(command)
    into = (match["name"] or match["bare"] or "") if match else ""
    looped = [name for name in lists if re.search(rf"\$\{{?{name}\b", body + into) and lists[name]]
    for value in lists[looped[0]] if looped else [""]:
        mine = {**values, **({looped[0]: value} if looped else {})}
        text = _put(body, mine)
        database = _put(into, mine)

        def here(line: int, words: str, confidence: float) -> Evidence:
            return at(first + line - 1, words, min(confidence, LIKELY) if looped else confidence)

        yield from script_facts(text.split("\n"), here, path=path, database="" if "$" in database else database)


def _tools(
    line: str, number: int, at: At, path: str, lists: dict[str, list[str]], values: dict[str, str]
) -> Iterator[Fact]:
    for pattern, made in ((_CREATEDB, True), (_DROPDB, False)):
        for match in pattern.finditer(line):
            words = list(re.findall(r"\"[^\"]*\"|'[^']*'|\S+", match["words"]))
            plain = _operands(words)
            for name in _expand(" ".join(plain[:1]), {**values}, lists):
                where = at(number, line.strip(), CERTAIN)
                yield DatabaseMade(name, where, script=path) if made else DatabaseDropped(name, where)
    for match in _FILE.finditer(line):
        target = places.joined(dirname(path), (match["file"] or match["input"]).strip("\"'"))
        if target and "$" not in target:
            yield Runs(target, at(number, line.strip(), LIKELY))


def _operands(words: list[str]) -> list[str]:
    found: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = len(word) == 2 and word[1] in "hpUOTElD"
        else:
            found.append(word)
    return found


def _calls(text: str, values: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Functions that take a name as ``$1``, and what they are called with."""
    for function in _FUNCTION.finditer(text):
        words = [
            call["words"].split()[0]
            for call in _CALL.finditer(text)
            if call["name"] == function["name"] and call["words"].strip()
        ]
        given = [word.strip("\"'") for word in words if "$" not in word]
        if given:
            yield "1", given
            for name in re.findall(r"(?:local\s+)?(\w+)=\"?\$\{?1\b", function["body"]):
                yield name, given


def _expand(words: str, values: dict[str, str], lists: dict[str, list[str]] | None = None) -> list[str]:
    """The items of a shell list, variables put in; what cannot be known is kept as ``${NAME}``."""
    found: list[str] = []
    for word in re.findall(r"\$\([^)]*\)|\"[^\"]*\"|'[^']*'|[^\s()]+", words):
        text = word.strip("\"'")
        variables = list(_VARIABLE.finditer(text))
        if lists and len(variables) == 1 and variables[0]["name"] in lists:
            found += [text.replace(variables[0][0], item) for item in lists[variables[0]["name"]]]
        elif len(variables) == 1 and variables[0]["name"] in values:
            inner = values[variables[0]["name"]].strip("()\"'")
            if "$" not in inner:
                found += [
                    text.replace(variables[0][0], part.strip("\"'")) for part in re.split(r"[\s,]+", inner) if part
                ]
        elif len(variables) == 1 and variables[0]["default"] and text == variables[0][0]:
            found += re.split(r"[\s,]+", variables[0]["default"])
        elif "$(" not in text:
            found.append(text)
    return [item for item in found if item and not item.startswith(("$(", "|"))]


def _put(text: str, values: dict[str, str]) -> str:
    """``text`` with the script's own variables; those of the outside become ``${NAME}``."""

    def one(match: re.Match[str]) -> str:
        name = match["name"]
        value = values.get(name, "").strip("\"'")
        if value and "$" not in value and not value.startswith("("):
            return value
        if (inner := _VARIABLE.fullmatch(value)) and (inner["default"] or inner["name"] != name):
            return f"${{{inner['name']}:-{inner['default']}}}" if inner["default"] else f"${{{inner['name']}}}"
        return f"${{{name}:-{match['default']}}}" if match["default"] else f"${{{name}}}"

    return _VARIABLE.sub(one, text)
