"""Tells a team which service uses which database, from the files of its repository, and where they contradict."""
