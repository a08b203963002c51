"""Find out which services, databases and tables there are, from files and from a live server."""
