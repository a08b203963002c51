"""The form of the declaration as pydantic models: what a file may hold, in the words of the file."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Annotated, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from freehold.spec.model import Layout, Profile
from freehold.spec.tree import Text
from freehold.spec.values import (
    VARIABLE,
    Count,
    Day,
    Duration,
    Key,
    Name,
    OneTable,
    Plain,
    Port,
    Refused,
    Reserve,
    Setting,
    Size,
    Table,
    Url,
    near,
    one_of,
    raw,
)

Item = TypeVar("Item", bound=Hashable)

SERVER_WORDS = ("embedded",)


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


def _mapping(value: object) -> object:
    if isinstance(value, (str, list)):
        shown = "a list" if isinstance(value, list) else f'"{raw(value)}"'
        raise Refused(f"{shown} stands where a mapping is expected", "Write key: value lines below, indented.")
    return {} if value is None else value


List = Annotated[list[Item], BeforeValidator(_list), AfterValidator(_distinct)]
SettingsForm = Annotated[dict[Name, Setting], BeforeValidator(_mapping)]


def _word(*words: str) -> tuple[BeforeValidator, WithJsonSchema]:
    return BeforeValidator(one_of(*words)), WithJsonSchema(
        {"anyOf": [{"enum": list(words)}, {"type": "string", "pattern": VARIABLE}]}
    )


def _said(value: object) -> object:
    if value is None:
        hint = "Write [] for a foreign application, or leave the key out for a schema of the service's name."
        raise Refused("schemas has no value", hint)
    return value


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


class ServerForm(Form):
    """One instance: ours (embedded or a folder of binaries), or a server that somebody else runs."""

    short = {"type": "string", "description": "embedded, a postgresql:// URL, or a folder of PostgreSQL binaries"}

    kind: Annotated[str, *_word("embedded", "binaries", "url")] | None = Field(
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


class PoolForm(Form):
    """The service's connection pool."""

    short = {
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": VARIABLE}],
        "description": "a number is the size",
    }

    size: Count = Field(description="Server connections of the pool.", examples=[20])
    port: Port | None = Field(default=None, description="TCP port of the pool.", examples=[6432])
    reserve: Reserve = Field(default=0, description="Extra connections under pressure.", examples=[5])
    mode: Annotated[str, *_word("transaction", "session", "statement")] = Field(
        default="transaction", description="When a server connection returns to the pool.", examples=["session"]
    )

    @classmethod
    def from_short(cls, value: Text) -> dict[str, object]:
        return {"size": value}


class LimitsForm(Form):
    """What a service may use at most."""

    connections: Count | None = Field(default=None, description="Connections of the app role.", examples=[30])
    statement_timeout: Duration | None = Field(
        default=None, description="Longest statement; 0 is no limit.", examples=["30s"]
    )
    idle_in_transaction_timeout: Duration | None = Field(
        default=None, description="Longest idle time inside a transaction; 0 is no limit.", examples=["60s"]
    )
    lock_timeout: Duration | None = Field(
        default=None, description="Longest wait for a lock; 0 is no limit.", examples=["5s"]
    )
    temp_file: Size | None = Field(default=None, description="Temporary files of one session.", examples=["1GB"])


class MigrationsForm(Form):
    """Where a service's own schema changes come from."""

    short = {"type": "string", "description": "folder of ordered SQL files"}

    folder: Plain | None = Field(
        default=None, description="Folder of ordered SQL files.", examples=["migrations/users"]
    )
    command: Plain | None = Field(default=None, description="Command that migrates.", examples=["alembic upgrade head"])
    directory: Plain | None = Field(default=None, description="Where the command runs.", examples=["services/users"])

    @classmethod
    def from_short(cls, value: Text) -> dict[str, object]:
        return {"folder": value}

    @model_validator(mode="after")
    def _one_way(self) -> MigrationsForm:
        if bool(self.folder) == bool(self.command):
            raise Refused("migrations need a folder or a command, and only one", "Keep one of the two.")
        if self.directory is not None and self.folder is not None:
            raise Refused("directory belongs to a command", "Remove directory, or write command.")
        return self


class ReferenceForm(Form):
    """A foreign key into another service."""

    from_: Key = Field(alias="from", description="The referring columns.", examples=["users.account(country_id)"])
    to: Key = Field(description="The columns referred to.", examples=["geo.country(id)"])

    @model_validator(mode="after")
    def _as_many(self) -> ReferenceForm:
        if len(self.from_[1]) != len(self.to[1]):
            raise Refused("a reference has different numbers of columns on its two ends", "Name as many on each end.")
        return self


class ServiceForm(Form):
    """One service and what it owns."""

    keeps_null = frozenset({"schemas"})

    schemas: Annotated[List[Name] | None, BeforeValidator(_said)] = Field(
        default=None,
        description="Schemas it owns; default: its own name. [] is a foreign application that owns its database.",
        examples=[["users", "audit"]],
    )
    tables: List[OneTable] = Field(default_factory=list, description="Tables it owns.", examples=[["users.account"]])
    migrations: MigrationsForm | None = Field(
        default=None, description="Folder of SQL files, or a command.", examples=["migrations/users"]
    )
    extensions: List[Name] = Field(default_factory=list, description="Extensions it needs.", examples=[["citext"]])
    profile: Annotated[str, *_word(*Profile)] = Field(
        default="default", description="What its load is like; sizes its server.", examples=["oltp"]
    )
    settings: SettingsForm = Field(
        default_factory=dict, description="PostgreSQL settings it needs.", examples=[{"work_mem": "16MB"}]
    )
    pool: PoolForm | None = Field(default=None, description="Its connection pool; a number is the size.", examples=[20])
    port: Port | None = Field(
        default=None, description="Port of its own instance under instance-per-service.", examples=[5433]
    )
    reads: List[Table] = Field(
        default_factory=list, description="Tables of other services it reads.", examples=[["trading.orders", "geo.*"]]
    )
    references: List[ReferenceForm] = Field(
        default_factory=list,
        description="Foreign keys into other services.",
        examples=[[{"from": "users.account(country_id)", "to": "geo.country(id)"}]],
    )
    publishes: List[Table] = Field(
        default_factory=list, description="Own tables that others may read.", examples=[["users.account"]]
    )
    limits: LimitsForm = Field(
        default_factory=lambda: LimitsForm(), description="What it may use at most.", examples=[{"connections": 30}]
    )
    classification: List[Name] = Field(
        default_factory=list, description="Kinds of data it holds.", examples=[["pci", "gdpr"]]
    )
    database: Name | None = Field(default=None, description="Pins it to this database.", examples=["own_db"])
    instance: Name | None = Field(default=None, description="Pins it to this server.", examples=["main"])


class IgnoreForm(Form):
    """A finding that the team accepts."""

    key: Plain = Field(description="code:service:object, as the finding shows it.", examples=["no_index:users:t"])
    reason: Plain = Field(description="Why it is accepted.", examples=["read once a year"])
    until: Day | None = Field(default=None, description="The last day it is accepted.", examples=["2027-01-01"])


class DeclarationForm(Form):
    """A whole freehold.yaml."""

    platform: Name = Field(description="Name of the platform; begins every role and database.", examples=["treum"])
    layout: Annotated[str, *_word(*Layout)] = Field(
        default="database-per-service", description="How schemas are placed.", examples=["schema-per-service"]
    )
    server: ServerForm | None = Field(
        default=None, description="The only server; default embedded.", examples=["embedded"]
    )
    servers: Annotated[dict[Name, ServerForm], BeforeValidator(_mapping)] = Field(
        default_factory=dict,
        description="Several servers by name; main, or the only one, is the default.",
        examples=[{"main": "embedded", "ledger": {"url": "env:LEDGER_URL"}}],
    )
    settings: SettingsForm = Field(
        default_factory=dict, description="PostgreSQL settings of all servers.", examples=[{"work_mem": "8MB"}]
    )
    groups: Annotated[dict[Name, List[Name]], BeforeValidator(_mapping)] = Field(
        default_factory=dict,
        description="Services that share a database under the layout groups.",
        examples=[{"financial": ["trading", "risk"]}],
    )
    services: Annotated[dict[Name, ServiceForm], BeforeValidator(_mapping)] = Field(
        default_factory=dict, description="The services by name.", examples=[{"users": None}]
    )
    ignore: List[IgnoreForm] = Field(
        default_factory=list,
        description="Findings that are accepted.",
        examples=[[{"key": "a:b:c", "reason": "known"}]],
    )

    @model_validator(mode="after")
    def _servers_once(self) -> DeclarationForm:
        if self.server is not None and self.servers:
            raise Refused("both server and servers are written", "Keep one: move the server below servers as main.")
        return self
