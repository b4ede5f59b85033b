"""opencode's process and what surrounds it on this machine: binary, environment, files, memory, leftovers."""
