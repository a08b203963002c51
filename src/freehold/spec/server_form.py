"""The form of a server in the declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from freehold.spec.form import Form, SettingsForm, word
from freehold.spec.tree import Text
from freehold.spec.values import Plain, Port, Refused, Url, near, raw

SERVER_WORDS = ("embedded",)


class ServerForm(Form):
    """One instance: ours (embedded or a folder of binaries), or a server that somebody else runs."""

    short: ClassVar[Mapping[str, object]] = {
        "type": "string",
        "description": "embedded, a postgresql:// URL, or a folder of PostgreSQL binaries",
    }

    kind: Annotated[str, *word("embedded", "binaries", "url")] | None = Field(
        default=None, description="Where the instance comes from; follows from url and binaries.", examples=["embedded"]
    )
    url: Url | None = Field(
        default=None,
        description="A server that somebody else runs; the login must be able to create roles and databases.",
        examples=["env:DATABASE_URL"],
    )
    binaries: Plain | None = Field(
        default=None, description="The folder that holds postgres.", examples=["/usr/lib/postgresql/15/bin"]
    )
    port: Port | None = Field(default=None, description="TCP port; without it a free one is taken.", examples=[5432])
    data: Plain | None = Field(
        default=None, description="Data folder; default: below .freehold.", examples=["/srv/pg/main"]
    )
    settings: SettingsForm = Field(
        default_factory=dict, description="PostgreSQL settings of this instance.", examples=[{"max_connections": 200}]
    )

    @classmethod
    def from_short(cls, value: Text) -> dict[str, object]:
        if value == "embedded":
            return {}
        if "://" in value or (value.raw != value and not value.startswith(("/", "."))):
            return {"url": value}
        if "/" in value:
            return {"binaries": value}
        hint = "Write embedded, a postgresql:// URL, or the folder that holds postgres."
        raise Refused(f'"{raw(value)}" is not a server', near(raw(value), SERVER_WORDS) or hint)

    @model_validator(mode="after")
    def _one_kind(self) -> ServerForm:
        if self.url is not None and self.binaries is not None:
            raise Refused("a server has both url and binaries", "Keep one of the two.")
        if self.url is not None and (self.port is not None or self.data is not None):
            raise Refused("a server with url has port or data", "The URL says the port; the data is not ours to place.")
        if self.kind is not None and self.kind != self.derived:
            raise Refused(
                f'a server of kind "{self.kind}" is declared as {self.derived}', f"Write kind: {self.derived}."
            )
        return self

    @property
    def derived(self) -> str:
        return "url" if self.url is not None else "binaries" if self.binaries is not None else "embedded"
