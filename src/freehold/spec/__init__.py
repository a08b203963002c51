"""Read and check the declaration."""
