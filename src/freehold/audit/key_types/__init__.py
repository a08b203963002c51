"""How keys of each type are written, ordered and compared, one file for each group of types."""
