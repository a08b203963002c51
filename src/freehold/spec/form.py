"""What every mapping of the declaration has in common: unknown keys, absent values, short forms, lists and words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Annotated, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from freehold.spec.tree import Text
from freehold.spec.values import VARIABLE, Name, Refused, Setting, one_of, raw

Item = TypeVar("Item", bound=Hashable)


def _distinct(items: list[Item]) -> list[Item]:
    if len(set(items)) < len(items):
        raise Refused("the list names the same thing twice", "Remove the second one.")
    return items


def _list(value: object) -> object:
    if isinstance(value, str):
        raise Refused(f'"{raw(value)}" stands where a list is expected', f"Write [{raw(value)}].")
    if isinstance(value, dict):
        raise Refused("a mapping stands where a list is expected", "Write [a, b], or one - item a line.")
    return value


def mapping(value: object) -> object:
    """Refuse what is no mapping; a key without a value is an empty one."""
    if isinstance(value, (str, list)):
        shown = "a list" if isinstance(value, list) else f'"{raw(value)}"'
        raise Refused(f"{shown} stands where a mapping is expected", "Write key: value lines below, indented.")
    return {} if value is None else value


List = Annotated[list[Item], BeforeValidator(_list), AfterValidator(_distinct)]
SettingsForm = Annotated[dict[Name, Setting], BeforeValidator(mapping)]


def word(*words: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """The type of a key that takes one of ``words``."""
    return BeforeValidator(one_of(*words)), WithJsonSchema(
        {"anyOf": [{"enum": list(words)}, {"type": "string", "pattern": VARIABLE}]}
    )


class Form(BaseModel):
    """A mapping of the file. A key without a value is as good as absent; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)

    keeps_null: ClassVar[frozenset[str]] = frozenset()
    short: ClassVar[Mapping[str, object] | None] = None

    @classmethod
    def from_short(cls, value: Text) -> dict[str, object]:
        """The long form of a value written in one word. Raises Refused when this form has no short one."""
        raise Refused(f'"{raw(value)}" stands where a mapping is expected', "Write key: value lines below, indented.")

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: object) -> object:
        if value is None:
            return {}
        if isinstance(value, Text):
            return cls.from_short(value)
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if item is not None or key in cls.keeps_null}
        raise Refused("a list stands where a mapping is expected", "Write key: value lines below, indented.")

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        long = handler.resolve_ref_schema(handler(core))
        for known in long.get("properties", {}).values():
            known.pop("title", None)
            if known.get("default", "") is None:
                known.pop("default")
        return {"anyOf": [dict(cls.short), long]} if cls.short is not None else long
