"""One file for each command, named like it; a command parses options, calls one verb and returns a Result."""
