"""Attack the platform as every role and judge what held."""
