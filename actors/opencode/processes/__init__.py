"""The processes that an agent starts: how they are known, whose they are, and how they are ended."""
