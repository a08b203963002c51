"""Place services into databases and databases onto instances."""
