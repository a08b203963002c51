"""Read and check the declaration: text to a Platform, or every complaint about it with its line."""
