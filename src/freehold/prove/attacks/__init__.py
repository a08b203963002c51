"""The attacks, one file each: what is tried, why it matters, what holds it off, and which layouts cannot."""
