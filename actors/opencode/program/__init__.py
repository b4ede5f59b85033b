"""The opencode executable that runs, the environment that it is given, and why it could not be started."""
