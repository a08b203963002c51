"""Splits a database that was there before, in place: each table goes into the schema of the service that adopts it."""
