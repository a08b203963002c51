"""Send a plan to the servers, journalled, resumable."""
