"""opencode's process on this machine: configuration, files, memory, secrets, leftovers."""
