"""What the views' file is called while it is rebuilt beside the one that serves."""

from typing import Final

REBUILT: Final = ".new"
"""Follows the name of the file that it will replace."""
