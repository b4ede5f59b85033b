"""Starting opencode: who goes first in a new home, and what it complains of where it ends instead."""
