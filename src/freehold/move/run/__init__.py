"""Moves services: what asks and tells the servers."""
