"""The parts of a move that touch servers."""
