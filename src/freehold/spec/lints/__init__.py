"""Mistakes that a declaration alone can show, one file each."""
