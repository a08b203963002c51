"""What a move does to the world, one module for each piece of work."""
