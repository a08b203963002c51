"""Tells a team which service uses which database, from its repository and its servers, and where they contradict."""
