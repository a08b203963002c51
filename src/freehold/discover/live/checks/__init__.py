"""What a running server must be like before a platform of services can rely on it, one check a file."""
