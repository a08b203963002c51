"""The command line: the only place where adapters meet capabilities."""
