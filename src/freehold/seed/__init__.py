"""Fill the tables of a platform with made-up rows that are the same every time: deterministic by seed, valid, fast."""
