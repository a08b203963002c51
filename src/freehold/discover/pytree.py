"""Expressions of Python as text with variables, from the syntax tree alone: nothing is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_ENV_CALLS = {
    "getenv", "get", "env", "config", "str", "url", "db", "db_url", "environ", "get_env", "env_var", "dj_db_url",
    "getvar", "get_secret", "Env",
}  # fmt: skip
_DEPTH_MAX = 20


class Module:
    """A parsed file with the constants, settings classes and assignments that expressions may name."""

    def __init__(self, text: str) -> None:
        """Raises ValueError (SyntaxError is one) and RecursionError for what is no Python."""
        self.tree = ast.parse(text)
        self.names: dict[str, ast.expr] = {}
        self.fields: dict[str, ast.expr | None] = {}
        self._fields_at: dict[int, dict[str, ast.expr | None]] = {}
        """The fields of its own class for each ``self.name``."""
        self.nodes = tuple(ast.walk(self.tree))
        for node in self.nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self.names.setdefault(target.id, node.value)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                if node.value is not None:
                    self.names.setdefault(node.target.id, node.value)
            elif isinstance(node, ast.ClassDef) and self._settings(node):
                own = {
                    field.target.id: field.value
                    for field in node.body
                    if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
                }
                self.fields.update(own)
                for below in ast.walk(node):
                    match below:
                        case ast.Attribute(value=ast.Name(id="self")):
                            self._fields_at[id(below)] = own

    @staticmethod
    def _settings(node: ast.ClassDef) -> bool:
        bases = [
            base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
            for base in node.bases
        ]
        return any("Settings" in base or "Config" in base for base in bases)

    def text(self, node: ast.expr | None, depth: int = 0) -> str:
        """The value with ``${NAME:-default}`` for what comes from the environment; empty when it cannot be told."""
        if node is None or depth > _DEPTH_MAX:
            return ""
        match node:
            case ast.Constant(value=str() as value):
                return value
            case ast.Constant(value=int() as number):
                return str(number)
            case ast.JoinedStr(values=parts):
                return "".join(self._piece(part, depth) for part in parts)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.text(left, depth + 1) + self.text(right, depth + 1)
            case ast.BoolOp(op=ast.Or(), values=[first, *rest]):
                return self._default(self.text(first, depth + 1), self.text(rest[0], depth + 1) if rest else "")
            case ast.Subscript(value=value, slice=ast.Constant(value=str() as name)) if _dotted(value).endswith(
                "environ"
            ):
                return f"${{{name}}}"
            case ast.Name(id=name) if name in self.names:
                return self.text(self.names[name], depth + 1)
            case ast.Attribute(attr=name) if name in self.fields or name.upper() in self.fields:
                own = self._fields_at.get(id(node), {})
                default = self.text((own if name in own else self.fields).get(name), depth + 1)
                return self._default(f"${{{name.upper()}}}", default)
            case ast.Call():
                return self._call(node, depth)
        return ""

    def _piece(self, part: ast.expr, depth: int) -> str:
        if isinstance(part, ast.FormattedValue):
            found = self.text(part.value, depth + 1)
            return found or f"${{{_dotted(part.value).rpartition('.')[2] or 'unknown'}}}"
        return self.text(part, depth + 1)

    def _call(self, node: ast.Call, depth: int) -> str:
        called = _dotted(node.func)
        last = called.rpartition(".")[2]
        if last == "format" and isinstance(node.func, ast.Attribute):
            return self._formatted(self.text(node.func.value, depth + 1), node, depth)
        if (
            last in ("str", "SecretStr", "PostgresDsn", "quote", "quote_plus", "URL", "make_url", "parse", "Secret")
            and node.args
        ):
            inner = self.text(node.args[0], depth + 1)
            if inner and last != "str":
                return inner
        if last == "Field":
            default = next((k.value for k in node.keywords if k.arg == "default"), node.args[0] if node.args else None)
            return self.text(default, depth + 1)
        if (
            last in _ENV_CALLS
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            given = next(
                (k.value for k in node.keywords if k.arg == "default"), node.args[1] if len(node.args) > 1 else None
            )
            return self._default(f"${{{node.args[0].value}}}", self.text(given, depth + 1))
        if last == "str" and node.args:
            return self.text(node.args[0], depth + 1)
        return ""

    def _formatted(self, template: str, node: ast.Call, depth: int) -> str:
        text = template
        for argument in node.args:
            text = text.replace("{}", self.text(argument, depth + 1) or "${unknown}", 1)
        for keyword in node.keywords:
            text = text.replace(f"{{{keyword.arg}}}", self.text(keyword.value, depth + 1) or f"${{{keyword.arg}}}")
        return text

    @staticmethod
    def _default(variable: str, default: str) -> str:
        if default and variable.startswith("${") and variable.endswith("}") and ":-" not in variable:
            return f"{variable[:-1]}:-{default}}}"
        return variable or default

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Every call with its dotted name."""
        for node in self.nodes:
            if isinstance(node, ast.Call):
                yield _dotted(node.func), node

    def texts(self, node: ast.expr | None) -> dict[str, str]:
        """The texts of a dictionary that is written out."""
        if not isinstance(node, ast.Dict):
            return {}
        return {self.text(key): self.text(value) for key, value in zip(node.keys, node.values, strict=True)}

    def keywords(self, node: ast.Call) -> dict[str, str]:
        return {keyword.arg: self.text(keyword.value) for keyword in node.keywords if keyword.arg}


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    elif isinstance(node, ast.Call):
        parts.append("()")
    return ".".join(reversed(parts))
