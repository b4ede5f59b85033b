"""The sessions of others: what opencode keeps of a directory, read from a server that works nowhere near it."""
