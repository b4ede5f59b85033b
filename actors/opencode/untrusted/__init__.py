"""What a codebase brings that would run, or lead elsewhere, without any command. It is found before anything is run."""
