"""The reasons to prefer one layout to another, one file each."""
