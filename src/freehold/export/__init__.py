"""Says in the words of other tools what a platform declares: a set of files for each of them, never with a secret."""
