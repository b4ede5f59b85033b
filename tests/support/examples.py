"""How many examples Hypothesis tries of a property: fewer where an answer is wanted soon."""

from typing import Final

import pytest
from hypothesis import settings

BESIDE_A_TEST: Final = "_hypothesis_internal_use_settings"
"""Where Hypothesis keeps the settings of a function. Those of a state machine are an attribute of its class."""


def limit_examples(item: pytest.Item, most: int, **others: object) -> None:
    """Give a property at most this many examples, and the `others` of Hypothesis's settings. Other tests stay as they are."""
    for owner, name in ((getattr(item, "obj", None), BESIDE_A_TEST), (getattr(item, "cls", None), "settings")):
        known = getattr(owner, name, None)
        if isinstance(known, settings):
            setattr(owner, name, settings(known, max_examples=min(most, known.max_examples), **others))  # type: ignore[arg-type]
