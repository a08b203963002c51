"""The forms of what a service has parts of: pool, limits, migrations and references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from freehold.spec.form import Form, word
from freehold.spec.tree import Text
from freehold.spec.values import VARIABLE, Count, Duration, Key, Plain, Port, Refused, Reserve, Size


class PoolForm(Form):
    """The service's connection pool."""

    short: ClassVar[Mapping[str, object]] = {
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": VARIABLE}],
        "description": "a number is the size",
    }

    size: Count = Field(description="Server connections of the pool.", examples=[20])
    port: Port | None = Field(default=None, description="TCP port of the pool.", examples=[6432])
    reserve: Reserve = Field(default=0, description="Extra connections under pressure.", examples=[5])
    mode: Annotated[str, *word("transaction", "session", "statement")] = Field(
        default="transaction", description="When a server connection returns to the pool.", examples=["session"]
    )
    max_clients: Count = Field(default=1000, description="Clients that may be connected at once.", examples=[2000])

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

    short: ClassVar[Mapping[str, object]] = {"type": "string", "description": "folder of ordered SQL files"}

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
