"""The error with which opencode ended, as a sentence, out of all that it printed."""

import re
from collections.abc import Sequence as Many
from typing import Final

LONGEST: Final = 300
"""Characters of an error that are kept."""

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m|\[\d+m(?=\S|$)")
_SAYS_NOTHING: Final = ("", "Unexpected error", "params:")


def last_error(lines: Many[str]) -> str:
    """The error that it names last, with its explanation, in one line; else its last line that says something."""
    said = [_COLOURS.sub("", line).strip() for line in lines]
    begins = [number for number, line in enumerate(said) if line.startswith("Error:")]
    if begins:
        words = [said[begins[-1]].removeprefix("Error:").strip(), *said[begins[-1] + 1 :]]
        text = " ".join(word for word in words if word not in _SAYS_NOTHING)
        if text:
            return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
    return next((line for line in reversed(said) if line not in _SAYS_NOTHING), "")
