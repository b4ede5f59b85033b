"""opencode's process and its surroundings on this machine: binary, environment, files, memory, leftovers."""
