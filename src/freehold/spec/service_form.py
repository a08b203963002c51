"""The form of a service in the declaration."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from freehold.spec.form import Form, List, SettingsForm, word
from freehold.spec.model import Profile
from freehold.spec.read_form import Reads
from freehold.spec.series_form import RetentionByTable, TimeSeriesByTable
from freehold.spec.service_parts import LimitsForm, MigrationsForm, PoolForm, ReferenceForm
from freehold.spec.values import Name, OneTable, Port, Refused, Table


def _said(value: object) -> object:
    if value is None:
        hint = "Write [] for a foreign application, or leave the key out for a schema of the service's name."
        raise Refused("schemas has no value", hint)
    return value


class ServiceForm(Form):
    """One service and what it owns."""

    keeps_null = frozenset({"schemas"})

    schemas: Annotated[List[Name] | None, BeforeValidator(_said)] = Field(
        default=None,
        description="Schemas it owns; default: its own name. [] is a foreign application that owns its database.",
        examples=[["users", "audit"]],
    )
    tables: List[OneTable] = Field(default_factory=list, description="Tables it owns.", examples=[["users.account"]])
    adopts: List[Table] = Field(
        default_factory=list,
        description="Tables of a database that was there before, as they are called today; * stands for any text.",
        examples=[["public.users", "public.auth_*"]],
    )
    migrations: MigrationsForm | None = Field(
        default=None, description="Folder of SQL files, or a command.", examples=["migrations/users"]
    )
    extensions: List[Name] = Field(default_factory=list, description="Extensions it needs.", examples=[["citext"]])
    profile: Annotated[str, *word(*Profile)] = Field(
        default="default", description="What its load is like; sizes its server.", examples=["oltp"]
    )
    settings: SettingsForm = Field(
        default_factory=dict,
        description="PostgreSQL settings it needs; of its logins, or of their server where a role can have none.",
        examples=[{"work_mem": "16MB"}],
    )
    pool: PoolForm | None = Field(default=None, description="Its connection pool; a number is the size.", examples=[20])
    port: Port | None = Field(
        default=None, description="Port of its own instance under instance-per-service.", examples=[5433]
    )
    reads: Reads = Field(
        default_factory=list,
        description="Tables of other services it reads.",
        examples=[["trading.orders", "geo.*", {"table": "users.account", "via": "replica"}]],
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
    timeseries: TimeSeriesByTable = Field(
        default_factory=dict,
        description="Own tables that are cut by time.",
        examples=[{"market.tick": {"time": "time", "chunk": "1 day", "retention": "90 days"}}],
    )
    retention: RetentionByTable = Field(
        default_factory=dict,
        description="How long rows of own tables are kept.",
        examples=[{"users.login": {"by": "at", "keep": "1 year", "hold": "legal_hold"}}],
    )
