"""Fixtures that start real servers, for every folder of tests."""

from __future__ import annotations

from support.fixtures import clusters, fresh_embedded, server, server15, server18, servers

__all__ = ["clusters", "fresh_embedded", "server", "server15", "server18", "servers"]
