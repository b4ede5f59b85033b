"""A session in a terminal as it happens: what is said and done, what the agent asks, and the keys to steer it."""
