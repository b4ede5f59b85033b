"""The processes that an agent starts: how they are recognized, whose they are, and how they are ended."""
