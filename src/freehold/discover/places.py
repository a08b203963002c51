"""What the path of a file says: the environment it is for, whether it is a template, whether only tests read it."""

from __future__ import annotations

import re
from posixpath import normpath

_ENVIRONMENTS = {
    "test": "test", "tests": "test", "testing": "test", "ci": "test", "e2e": "test", "it": "test",
    "integration": "test", "tst": "test", "sit": "test",
    "prod": "prod", "production": "prod", "live": "prod", "dev": "dev", "develop": "dev", "development": "dev",
    "local": "dev", "prd": "prod",
    "staging": "staging", "stage": "staging", "stg": "staging", "qa": "staging", "uat": "staging", "preprod": "staging",
    "docker": "docker", "k8s": "kubernetes", "kubernetes": "kubernetes",
}  # fmt: skip
_TESTS = re.compile(
    r"(^|/)(tests?|__tests__|e2e|testdata|test-data|fixtures|src/test|src/it|[^/]*[._-]tests?|"
    r"[A-Za-z]+Tests?|[^/]*\.[A-Za-z]*Test(s|ing)?|specs?)/"
)
_EXAMPLE = re.compile(r"(^|[._/-])(example|sample|template|dist|default|tmpl|tpl)s?([._-]|$)", re.IGNORECASE)
_SHOWN = re.compile(r"(^|/)(examples?|samples?|docs?|documentation)/", re.IGNORECASE)
_COPIED = re.compile(
    r"(\.(template|tmpl|tpl|stub)|(^|/)(templates?|stubs?|skeletons?|scaffold(s|ing)?)/.*)"
    r"\.(go|rs|java|kt|cs|ts|js|mjs|cjs|scala|rb|py|php)$",
    re.IGNORECASE,
)
_IGNORED_PARTS = re.compile(
    r"(^|/)(\.git|node_modules|vendor|vendored|third_party|site-packages|\.venv|venv|dist|\.next|\.terraform|"
    r"bower_components|\.devcontainer|__pycache__|\.tox|\.gradle|\.mypy_cache|\.pytest_cache|Pods|\.idea|\.freehold)(/|$)"
)


NAME = re.compile(r"^[A-Za-z_0-9\x80-\U0010ffff][^\s/:;,'\"$]{0,62}$")
"""What a database may be called, for taking a text for its name: PostgreSQL allows more, nobody uses it."""


FILE_NAME = re.compile(r"\.(db3?|sqlite3?|mdb|h2|s3db)$", re.IGNORECASE)
"""How the file of an embedded engine ends, which is no name of a database."""


def environment(path: str) -> str:
    """The environment that the words of a file's name point to, empty for none; tests count by their folder too."""
    if only_tests(path):
        return "test"
    name = path.rpartition("/")[2].lower()
    # the docker of docker-compose.yml is the name of a program
    words = re.split(r"[^a-z0-9]+", name.replace("docker-compose", "compose").replace("docker-stack", "stack"))
    return next((_ENVIRONMENTS[word] for word in words if word in _ENVIRONMENTS), "")


def word(text: str) -> str:
    """The environment that a profile or a section names, else the text itself."""
    return _ENVIRONMENTS.get(text.lower(), text.lower())


def without_environment(name: str) -> str:
    """A name without the environments at its end: ``orders-prod`` is of ``orders``."""
    base, _, last = name.rpartition("-")
    return without_environment(base) if base and last.lower() in _ENVIRONMENTS else name


def only_tests(path: str) -> bool:
    """Whether a file lies where tests lie."""
    return bool(_TESTS.search(path))


def template(path: str) -> bool:
    """Whether a file is one that people copy and fill in."""
    return bool(_EXAMPLE.search(path.rpartition("/")[2]))


def shown_to_people(path: str) -> bool:
    """Whether a path, seen from the folder of a service, is of an example, a document, or code that is copied."""
    return bool(_SHOWN.search(path) or _COPIED.search(path))


def ignored(path: str) -> bool:
    """Whether a path is none of the team's own files."""
    return bool(_IGNORED_PARTS.search(path))


def joined(folder: str, path: str) -> str:
    """``path`` as seen from ``folder``, below the root; empty for the root, and for what leaves it."""
    if path.startswith(("/", "~")) or "://" in path:
        return ""
    found = normpath(f"{folder}/{path}" if folder else path)
    return "" if found == "." or found.startswith("..") else found


def plain(name: str) -> str:
    """A name without case, hyphens and underscores: what two spellings of one name have in common."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
