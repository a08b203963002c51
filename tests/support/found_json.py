"""A snapshot as a JSON file that a person can read and edit, and back."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping

from freehold.found.model import Found, Grant


def dumps(found: Found) -> str:
    """Fields that hold their default are left out; a grant is ``grantee=PRIVILEGE/grantor``, ``*`` for its option."""
    return json.dumps(_plain(found), indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def loads(text: str) -> Found:
    return typing.cast(Found, _typed(Found, json.loads(text)))


def _plain(value: object) -> object:
    if isinstance(value, Grant):
        return [value.grantee, value.privilege, value.grantor, value.grantable]
    if isinstance(value, frozenset):
        return sorted((_plain(item) for item in value), key=repr)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) != _default(field)
        }
    return value


def _default(field: dataclasses.Field[object]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _typed(kind: typing.Any, value: typing.Any) -> object:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Grant:
        return Grant(*value)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(**{name: _typed(hints[name], item) for name, item in value.items()})
    if origin in (types.UnionType, typing.Union):
        present = next(one for one in arguments if one is not type(None))
        return None if value is None else _typed(present, value)
    if origin is frozenset:
        return frozenset(_typed(arguments[0], item) for item in value)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_typed(arguments[0], item) for item in value)
        return tuple(_typed(one, item) for one, item in zip(arguments, value, strict=True))
    if origin is Mapping:
        return {key: _typed(arguments[1], item) for key, item in value.items()}
    return value
