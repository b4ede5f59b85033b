"""A session in a person's words, from the log alone."""
