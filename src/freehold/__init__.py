"""Declare who owns which data on PostgreSQL, apply it, and prove the isolation by attacking it."""

__version__ = "0.1.0"
