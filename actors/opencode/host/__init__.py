"""opencode's process on this machine: binary, environment, files, memory, leftovers."""
