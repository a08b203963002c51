"""The form of a whole declaration as pydantic models: what a file may hold, in the words of the file."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from freehold.spec.form import Form, List, SettingsForm, mapping, word
from freehold.spec.model import Layout
from freehold.spec.pooler_form import PoolerForm
from freehold.spec.server_form import ServerForm
from freehold.spec.service_form import ServiceForm
from freehold.spec.values import Day, Name, Plain, Refused, Weight


class IgnoreForm(Form):
    """A finding that the team accepts."""

    key: Plain = Field(description="code:service:object, as the finding shows it.", examples=["no_index:users:t"])
    reason: Plain = Field(description="Why it is accepted.", examples=["read once a year"])
    until: Day | None = Field(default=None, description="The last day it is accepted.", examples=["2027-01-01"])


class DeclarationForm(Form):
    """A whole freehold.yaml."""

    platform: Name = Field(description="Name of the platform; begins every role and database.", examples=["treum"])
    layout: Annotated[str, *word(*Layout)] = Field(
        default="database-per-service", description="How schemas are placed.", examples=["schema-per-service"]
    )
    server: ServerForm | None = Field(
        default=None, description="The only server; default embedded.", examples=["embedded"]
    )
    servers: Annotated[dict[Name, ServerForm], BeforeValidator(mapping)] = Field(
        default_factory=dict,
        description="Several servers by name; main, or the only one, is the default.",
        examples=[{"main": "embedded", "ledger": {"url": "env:LEDGER_URL"}}],
    )
    settings: SettingsForm = Field(
        default_factory=dict, description="PostgreSQL settings of all servers.", examples=[{"work_mem": "8MB"}]
    )
    pooler: PoolerForm | None = Field(
        default=None, description="Runs the services' pools; pgbouncer, or a mapping.", examples=["pgbouncer"]
    )
    groups: Annotated[dict[Name, List[Name]], BeforeValidator(mapping)] = Field(
        default_factory=dict,
        description="Services that share a database under the layout groups.",
        examples=[{"financial": ["trading", "risk"]}],
    )
    services: Annotated[dict[Name, ServiceForm], BeforeValidator(mapping)] = Field(
        default_factory=dict, description="The services by name.", examples=[{"users": None}]
    )
    weights: Annotated[dict[Name, Weight], BeforeValidator(mapping)] = Field(
        default_factory=dict,
        description="What counts how much when freehold advise compares layouts.",
        examples=[{"cost": 8, "team_autonomy": 0}],
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
