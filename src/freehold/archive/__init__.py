"""Puts files that nobody uses any more where they are out of the way and can be brought back from, byte by byte."""
