"""Passwords inside texts of a repository: taken out before anything is shown, and told from placeholders."""

from __future__ import annotations

import re

_IN_URL = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s:/@'\"]*:)(?P<secret>(?!\$\{)[^\s@/'\"]+)(?=@)", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?P<head>(?:pass(?:word|wd)?|pwd|secret|token|api_?key)[\w.-]{0,20}[\"']?\s*(?:[=:]\s*|\s+(?=')))"
    r"(?P<secret>(?!\s*[$<{(])(?:\"[^\"]*\"?|'[^']*'?|[^\s,;&]+))",
    re.IGNORECASE,
)
_DEFAULT = re.compile(r"(?P<head>\$\{\w*(?:PASS|PWD|SECRET|TOKEN|KEY)\w*:?-)[^{}]+(?=\})", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"^$|^[<\[({%]|^\$|^x{3,}$|^\*+$|^\.+$|change|your|example|placeholder|todo|redacted|secret_?name|^env[.:(]|valuefrom",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """``text`` without the passwords in it; variables such as ``${PASSWORD}`` stay readable."""
    text = _DEFAULT.sub(r"\g<head>***", _IN_URL.sub(r"\g<head>***", text))
    return _ASSIGNED.sub(r"\g<head>***", text)


def real(value: str) -> bool:
    """Whether a value reads like a password and not like a place left for one."""
    return not _PLACEHOLDER.search(value.strip("'\""))


def in_url(url: str) -> str:
    """The password inside a connection string, empty when there is none or only a variable."""
    match = _IN_URL.search(url)
    return match["secret"] if match else ""


_TRIVIAL = re.compile(
    r"^(postgres(ql)?|pass(word|wd)?|admin|root|secret|test|user|guest|default|dev|local|demo|example|sa|db|app|\w{0,5}pass(word)?)"
    r"[\d!@#_-]{0,5}$",
    re.IGNORECASE,
)


def trivial(value: str) -> bool:
    """Whether a password is one that everybody uses on a machine of their own, so that it hides nothing."""
    return len(value) < 4 or bool(_TRIVIAL.match(value))
