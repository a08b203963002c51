"""Check declared references across databases: every orphan found, and nothing else reported."""
