"""What pydantic refused, as complaints with the place in the file, the text and what to do."""

from __future__ import annotations

from pydantic import ValidationError

from freehold.spec.document import DeclarationForm, IgnoreForm
from freehold.spec.form import Form
from freehold.spec.model import Mark
from freehold.spec.names import dotted
from freehold.spec.nodes import masked
from freehold.spec.pooler_form import PoolerForm
from freehold.spec.read_form import ReadForm
from freehold.spec.series_form import HoldForm, RetentionForm, RollupForm, SpaceForm, TimeSeriesForm
from freehold.spec.server_form import ServerForm
from freehold.spec.service_form import ServiceForm
from freehold.spec.service_parts import LimitsForm, MigrationsForm, PoolForm, ReferenceForm
from freehold.spec.tree import Tree
from freehold.spec.values import Refused, near

_BELOW: dict[str, dict[str, type[Form]]] = {
    "DeclarationForm": {
        "server": ServerForm,
        "servers": ServerForm,
        "services": ServiceForm,
        "pooler": PoolerForm,
        "ignore": IgnoreForm,
    },
    "ServiceForm": {
        "pool": PoolForm,
        "limits": LimitsForm,
        "migrations": MigrationsForm,
        "reads": ReadForm,
        "references": ReferenceForm,
        "timeseries": TimeSeriesForm,
        "retention": RetentionForm,
    },
    "TimeSeriesForm": {"space": SpaceForm, "rollups": RollupForm},
    "RetentionForm": {"hold": HoldForm},
}
_NAMED = frozenset({"servers", "services", "ignore", "reads", "references", "timeseries", "retention", "rollups"})
"""Keys whose forms stand one level lower, below a name or in a list."""

EXTRA_KEYS = {"DeclarationForm": ("include",)}


def explain(error: ValidationError, tree: Tree, file: str) -> None:
    """Add a complaint to ``tree`` for everything ``error`` holds."""
    for item in error.errors(include_url=False, include_input=False):
        loc = tuple(part for part in item["loc"] if part != "[key]")
        path, mark = _place(tree, loc, file)
        cause = item.get("ctx", {}).get("error")
        if item["type"] == "extra_forbidden":
            key = str(loc[-1])
            words = keys_of(form_at(loc[:-1]))
            hint = near(key, words) or f"Keys here: {', '.join(words)}."
            tree.complain(tree.keys.get(dotted(*loc), mark), "unknown_key", f'unknown key "{masked(key)}"', key, hint)
        elif item["type"] == "missing":
            key = str(loc[-1])
            above = dotted(*loc[:-1]) or "the declaration"
            tree.complain(mark, "key_missing", f'"{key}" is missing in {masked(above)}', "", f"Add {key}: below it.")
        elif isinstance(cause, Refused):
            where = tree.keys.get(dotted(*loc), mark) if item["loc"][-1:] == ("[key]",) else mark
            tree.complain(where, "value", cause.message, _text(tree, path, loc), cause.hint)
        else:
            message = f"{masked(dotted(*loc) or 'the declaration')} has the wrong form"
            tree.complain(mark, "value", message, _text(tree, path, loc), "See docs/declaration.md for its form.")


def form_at(loc: tuple[int | str, ...]) -> type[Form]:
    """The form of the mapping at ``loc``."""
    form: type[Form] = DeclarationForm
    parts = iter(loc)
    for part in parts:
        below = _BELOW.get(form.__name__, {}).get(str(part))
        if below is None:
            break
        form = below
        if part in _NAMED:
            next(parts, None)
    return form


def keys_of(form: type[Form]) -> tuple[str, ...]:
    """The keys of a form as they are written."""
    names = [field.alias or name for name, field in form.model_fields.items()]
    return (*names, *EXTRA_KEYS.get(form.__name__, ()))


def _place(tree: Tree, loc: tuple[int | str, ...], file: str) -> tuple[str, Mark]:
    for end in range(len(loc), -1, -1):
        path = dotted(*loc[:end])
        if path in tree.marks:
            return path, tree.marks[path]
    return "", Mark(file, 1, 1)


def _text(tree: Tree, path: str, loc: tuple[int | str, ...]) -> str:
    return tree.written.get(path) or (str(loc[-1]) if loc else "")
