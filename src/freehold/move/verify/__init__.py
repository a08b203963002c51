"""Decides how two copies of a service are compared while it is written: what, in which pieces, and what once more."""
