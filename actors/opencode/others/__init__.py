"""What others did with opencode: the sessions that it keeps of a directory, read from a server that works nowhere near it."""
