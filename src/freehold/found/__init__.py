"""What is there: a frozen snapshot of every server."""
