"""What happens in a codebase and when it may: commands, decisions, the life cycle, the queue and the state."""
