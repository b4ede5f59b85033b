"""From the words of a command line to the command that they name, and what is said of words that name none."""
