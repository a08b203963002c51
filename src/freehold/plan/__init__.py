"""Compute the steps from what is found to what is wanted."""
