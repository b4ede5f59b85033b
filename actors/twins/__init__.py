"""The ports in memory, for tests and simulations: agent, histories and clock."""
