"""The queue of tasks that wait for an agent, and the places in it."""
