"""The types of what the service sends and takes. They are in `described`, which is imported when one is looked up.

Only type checkers look at them, so a program that starts doesn't wait for all of them to be made.
"""

from importlib import import_module


def __getattr__(name: str) -> object:
    return getattr(import_module(".described", __package__), name)
