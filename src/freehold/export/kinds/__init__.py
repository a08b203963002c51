"""One file for each tool that a platform can be written for."""
