"""What a codebase brings that would run, or lead elsewhere, without any command: seen before anything is run."""
