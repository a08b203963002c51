"""What a running server tells about who owns and uses what: from rows to nouns, and decisions over them."""
