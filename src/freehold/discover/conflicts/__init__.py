"""One file for each way in which a repository contradicts itself or says what is not so."""
