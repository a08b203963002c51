"""One file for each format that says something about services and databases."""
