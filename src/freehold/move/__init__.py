"""Moves a running service to another database or server: copied, followed, verified, switched over, and back."""
