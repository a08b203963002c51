"""A password or a token is written in the file.

Why: a declaration lives in version control, where whoever reads the repository reads the secret, for ever.

Bad:
    platform: shop
    server: postgresql://admin:hunter2@db.example.com/postgres
    services:
      orders:

Good:
    platform: shop
    server: postgresql://admin:${ADMIN_PASSWORD:-}@db.example.com/postgres
    services:
      orders:
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import parts_of

_URL = re.compile(r"[a-z+]+://[^\s:/@]*:([^\s@]+)@", re.IGNORECASE)
_IN_TEXT = re.compile(r"(?:^|[?&;\s])(?:password|passwd|pwd|pgpassword|sslpassword)\s*=\s*([^\s&;]+)", re.IGNORECASE)
_KEY = re.compile(r"(?:^|[._-])(?:password|passwd|secret|token|api_?key|private_?key|access_?key)s?$", re.IGNORECASE)
_TOKEN = re.compile(
    r"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|gh[pousr]_[A-Za-z0-9]{30}|sk_live_[0-9A-Za-z]{16}"
    r"|xox[abprs]-[0-9A-Za-z-]{10}|SCRAM-SHA-256\$|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10}"
)
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::-)?\}")


@lint()
def secret_in_file(platform: Platform) -> Iterator[Note]:
    for path, text in platform.written.items():
        literal = _VARIABLE.sub("", text)  # a default is not a variable: it is written in the file
        if text.startswith("env:") or not literal:
            continue
        url, inside = _URL.search(literal), _IN_TEXT.search(literal)
        what = (
            "a password in a URL" if url is not None
            else "a password" if inside is not None
            else "a secret" if _TOKEN.search(literal) is not None
            else "a secret" if "settings" in parts_of(path)[:-1] and _KEY.search(parts_of(path)[-1]) is not None
            else ""
        )  # fmt: skip
        if what:
            hint = "Move it to the environment: write env:NAME, or ${NAME} in its place, and change the secret."
            yield Note(parts_of(path), f"{what} is written in the file", hint, text="<secret>")
