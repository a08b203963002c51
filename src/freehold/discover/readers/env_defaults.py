"""What code takes from its environment and falls back to: Go, Rust, Java, Kotlin, Scala, C#, TypeScript, Python, ...

Functions that read a variable with a default, tags of Go's settings structs (``envDefault``, ``env-default``,
``default``), ``viper.SetDefault``, schemas of JavaScript (Joi, zod, envalid, convict), and the operators of other
languages (``?:``, ``??``, ``||``, ``unwrap_or``). Only names that speak of a database count, taken together as those of
an env file are. Found by form, so likely at most. Names alone tell which of the variables that many services are given
one of them asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.asked import MAPPER
from freehold.discover.facts import Asked, Fact, Variable
from freehold.discover.model import LIKELY
from freehold.discover.places import plain
from freehold.discover.readers._kind import Source, reader

_FILES = re.compile(r"\.(go|rs|java|kt|cs|ts|js|mjs|scala|rb|py|php)$")
_ASKING = re.compile(
    r"\.(cjs|mts|cts|tsx|jsx|exs?|prisma|ya?ml|properties|toml|conf|sh)$|(^|/)(package\.json|[Mm]akefile|Dockerfile)$"
)
_LEFT_OUT = re.compile(r"_test\.go$|Tests?\.(java|kt|cs)$|\.(spec|test|e2e-spec|min|d|stories)\.(ts|js|mjs)$")
_WORTH = ("DB", "DATABASE", "POSTGRES", "PG", "DSN", "db_", "database_", "postgres_", "pg_", "db.", "database.")
_MAPPED = ("TypeOrm", "Prisma", "Postgres", "DatabaseM", "DatabaseS", "Sequelize", "MikroOrm", "DrizzleM", "KnexM")
_NAME = r"(?P<q>[\"'`])(?P<name>[A-Za-z][\w.]*)(?P=q)"
_CAPITALS = r"(?P<q>[\"'`])(?P<name>[A-Z][A-Z0-9]*_[A-Z0-9_]+)(?P=q)"
_VALUE = r"(?P<r>[\"'`])(?P<value>[^\"'`\n]*)(?P=r)|(?P<number>\d+)"
_FORMS = tuple(
    re.compile(form)
    for form in (
        # getEnv("NAME", "value"), envOr(...), config.GetEnvOrDefault(...), ENV.fetch(...), viper.SetDefault(...)
        rf"\b(?:\w*[eE][nN][vV]\w*|ENV\.fetch|\w*\.SetDefault)\s*(?:<\w+>)?\(\s*{_NAME}\s*,\s*(?:{_VALUE})\s*,?\s*\)",
        # getString("DB_NAME", "value"), environ.get(...), sys.env.getOrElse(...): a name in capitals says enough
        rf"\b(?:get|read|load|fetch|lookup|must|optional|str|or|default|param)\w*\(\s*{_CAPITALS}\s*,\s*(?:{_VALUE})\s*,?\s*\)",
        # System.getenv("NAME") ?: "value", GetEnvironmentVariable("NAME") ?? "value", env.get("NAME") ?? "value"
        rf"\b(?:\w*[eE]nv\w*|env\.get)\(\s*{_NAME}\s*\)\s*(?:\?:|\?\?|\|\||or\b)\s*(?:{_VALUE})",
        rf"\bgetenv\(\)\s*\.getOrDefault\(\s*{_NAME}\s*,\s*(?:{_VALUE})\s*\)",
        # process.env.NAME || "value", and given to a function with its default
        rf"\benv\.(?P<name>[A-Za-z_]\w*)\s*(?:\|\||\?\?|,)\s*(?:{_VALUE})",
        # process.env["NAME"] ?? "value", $_ENV["NAME"] ?? "value"
        rf"(?:\benv|\$_ENV|\$_SERVER)\[\s*{_NAME}\s*\]\s*(?:\|\||\?\?|\?:)\s*(?:{_VALUE})",
        # env::var("NAME").unwrap_or("value".into()), .unwrap_or_else(|_| "value".to_string())
        rf"\bvar\(\s*{_NAME}\s*\)\s*\.unwrap_or(?:_else)?\(\s*(?:\|_?\w*\|\s*\{{?\s*)?(?:String::from\(\s*)?(?:{_VALUE})",
        # NAME: str({ default: "value" }) and NAME: z.string().default("value"), as schemas of JavaScript say it
        rf"\b(?P<name>[A-Z][A-Z0-9_]*)\s*:\s*\w+\(\s*\{{[^{{}}]*?\bdefault:\s*(?:{_VALUE})",
        rf"\b(?P<name>[A-Z][A-Z0-9_]*)\s*:\s*\w+(?:\s*\.\s*\w+\([^()\n]*\))*?\s*\.\s*default\(\s*(?:{_VALUE})",
        r"\benv:\"(?P<name>[A-Za-z_]\w*)[^\"]*\"[^`\n]*?\b(?:envDefault|env-default|default):(?P<r>\")(?P<value>[^\"\n]*)\"",
        r"\benv:\"(?P<name>[A-Za-z_]\w*)[^\"]*,\s*default=(?P<value>[^\",\n]*)",
        r"\benvconfig:\"(?P<name>[A-Za-z_]\w*)\"[^`\n]*?\bdefault:\"(?P<value>[^\"\n]*)\"",
        r"\b(?:envDefault|env-default|default):\"(?P<value>[^\"\n]*)\"[^`\n]*?\b(?:env|envconfig):\"(?P<name>[A-Za-z_]\w*)[^\"]*\"",
    )
)
_OBJECT = re.compile(r"\{(?P<body>[^{}]*\benv:\s*['\"](?P<name>[A-Za-z_]\w*)['\"][^{}]*)\}")
_GIVEN = re.compile(r"\bdefault:\s*(?:['\"](?P<value>[^'\"\n]*)['\"]|(?P<number>\d+))")
"""What convict is told of a setting."""
_ROLE = re.compile(r"\b(?:Name|D[Bb][Nn]ame|Database|DB)\s*[:=]\s*\w*[eE]nv\w*\($")
"""The key of a literal that a value is given to, where the variable's own name says nothing."""
_ENV_LIKE = re.compile(
    r"\b(?:[A-Z][A-Z0-9_]*(?:DB|DATABASE|POSTGRES|PG|DSN)|DB|DATABASE|POSTGRES|PG)[A-Z0-9_]*\b"
    r"|(?<![A-Za-z0-9])(?:db|database|postgres|pg)[._][a-z0-9_.]+"
)
_MAPPERS = re.compile(
    r"\b(TypeOrm\w*|Prisma(Service|Module|Client)|Postgres\w*Module|Database(Module|Service)|Sequelize\w*|MikroOrm\w*|"
    r"DrizzleModule|KnexModule)\b"
)
_COMMENT = re.compile(r"^\s*(//|\*|/\*|#)")
_BEHIND = re.compile(r"(?<!:)//|\s#\s")
"""What begins a comment at the end of a line."""
_SPEAKS = re.compile(r"(^|_)(DB|DATABASE|POSTGRES\w*|PG\w*|PSQL|SQL|DATASOURCE|DSN)(_|$|NAME|HOST|USER)")
_DEPLOYS = re.compile(r"^\s*-?\s*(apiVersion|image|services|jobs):", re.MULTILINE)
_CHARS_MAX = 400_000
_WINDOW_MAX = 1000
_NAMES_MAX = 60
"""Names of one file: what mentions more of them is a list and no program."""


@reader(lambda path: bool(_FILES.search(path) or _ASKING.search(path)) and not _left_out(path))
def env_defaults(source: Source) -> Iterator[Fact]:
    if source.size > _CHARS_MAX:
        return
    text = source.text()
    if not any(word in text for word in (*_WORTH, *_MAPPED)) or (
        source.path.endswith((".yml", ".yaml")) and _DEPLOYS.search(text)
    ):
        return
    places_of = list(_ENV_LIKE.finditer(text))
    names = {plain(match[0]) for match in places_of} | ({MAPPER} if _MAPPERS.search(text) else set())
    if names:
        yield Asked(tuple(sorted(names))[:_NAMES_MAX], source.at(1, source.name))
    if names and _FILES.search(source.path):
        yield from _defaults(source, text, [match.start() for match in places_of])


def _left_out(path: str) -> bool:
    return bool(_LEFT_OUT.search(path)) or places.only_tests(path)


def _defaults(source: Source, text: str, offsets: list[int]) -> Iterator[Fact]:
    environment = places.environment(source.path)
    seen: set[str] = set()
    done = -1
    for match in _OBJECT.finditer(text) if "env:" in text and "default:" in text else ():
        given = _GIVEN.search(match["body"])
        if given is not None and _SPEAKS.search(match["name"].upper()):
            seen.add(match["name"])
            at = source.at(text.count("\n", 0, match.start("name")) + 1, f"{match['name']}: {given[0]}", LIKELY)
            value = given["value"] or given["number"] or ""
            yield Variable(f"code:{source.folder}", match["name"], value, at, environment)
    for offset in offsets:
        begin = text.rfind("\n", 0, offset) + 1
        if begin == done or _COMMENT.match(text, begin):
            continue
        done = begin
        # a default may stand on the line after the name
        first = text.find("\n", offset)
        end = text.find("\n", first + 1) if first >= 0 else -1
        window = text[begin : end if end >= 0 else len(text)][:_WINDOW_MAX]
        for match in (match for form in _FORMS for match in form.finditer(window)):
            name = match["name"]
            if match.start("name") > (first if first >= 0 else len(text)) - begin:
                continue  # the next line has its own turn, if it is no comment
            if _BEHIND.search(window, 0, match.start("name")):
                continue
            if _SPEAKS.search(name.replace(".", "_").upper()) and name not in seen:
                seen.add(name)
                parts = match.groupdict()
                value = parts["value"] if parts["value"] is not None else parts.get("number") or ""
                at = source.at(text.count("\n", 0, begin) + 1, match[0], LIKELY)
                yield Variable(f"code:{source.folder}", name, value, at, environment)
                if _ROLE.search(window[: match.start("name") - 1]) and "postgres" in text:
                    yield Variable(f"code:{source.folder}", "POSTGRES_DB", value, at, environment)
