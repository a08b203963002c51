"""Terraform's language: blocks, arguments in a column as ``terraform fmt`` writes them, and quoted strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expression:
    """Text of the language itself, as ``var.password``; never made of a name that a person gave."""

    text: str


Value = str | int | bool | Expression | Sequence["str | Expression"]
Arguments = dict[str, Value]


def block(head: str, *labels: str, arguments: Arguments, inner: Sequence[str] = ()) -> str:
    """``head "label" { ... }`` with its inner blocks after its arguments."""
    width = max((len(name) for name in arguments), default=0)
    lines = [f"  {name.ljust(width)} = {_value(value)}" for name, value in arguments.items()]
    if lines and inner:
        lines.append("")
    nested = ("\n\n".join(inner)).splitlines()
    lines += [f"  {line}" if line else "" for line in nested]
    start = " ".join((head, *(quoted(label) for label in labels)))
    return f"{start} {{\n" + "".join(f"{line}\n" for line in lines) + "}"


def quoted(text: str) -> str:
    """``text`` as a string in which nothing is a template."""
    return '"' + "".join(_char(c) for c in text).replace("${", "$${").replace("%{", "%%{") + '"'


def _char(char: str) -> str:
    match char:
        case '"' | "\\":
            return "\\" + char
        case "\n":
            return "\\n"
        case "\r":
            return "\\r"
        case "\t":
            return "\\t"
        case _ if not char.isprintable():
            return f"\\U{ord(char):08x}" if ord(char) > 0xFFFF else f"\\u{ord(char):04x}"
        case _:
            return char


def _value(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return quoted(value)
        case Expression():
            return value.text
        case _:
            return "[" + ", ".join(_value(one) for one in value) + "]"


def output(name: str, says: str, value: Arguments) -> str:
    """``output "name"`` whose value is an object, a line for each of its attributes."""
    inner = block("value =", arguments=value)
    return block("output", name, arguments={"description": says}, inner=[inner]).replace("\n\n", "\n", 1)
