"""Slots among the running agents: who holds one, who waits for one, and how long a process is kept without one."""
