"""What a layout is: a name for the database of a service, and whether each service has an instance of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from freehold.spec.model import Layout, Platform, Service


@dataclass(frozen=True, slots=True)
class LayoutKind:
    """A member of the family ``layouts/kinds``.

    ``database`` names the database of a service that has schemas and no pin; ``own_instance`` gives each service
    a server process of its own; ``shared_login`` gives all services the same three roles.
    """

    layout: Layout
    database: Callable[[Platform, Service], str]
    own_instance: bool = False
    shared_login: bool = False
