"""Make the steps of a plan true, keep a journal of it, and never leave a half of anything unnamed."""
