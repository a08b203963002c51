"""What is in the way of a move: one file for each question."""
