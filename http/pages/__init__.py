"""Pages for people, and the files they load."""
