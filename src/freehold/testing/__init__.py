"""Doubles and conformance suites that Freehold ships and uses itself."""
