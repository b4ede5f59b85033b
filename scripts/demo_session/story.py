"""The script of the demo: a small project, what the user wants, and what the model will do about it."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from ..scripted_model import Call, Rule, Say, Think, Wait, when

PROJECT: Final = {
    "cart.py": '''"""A shopping cart."""


def total(cart: dict[str, tuple[float, int]]) -> float:
    """The total price of a cart: name -> (price, quantity)."""
    return sum(price for price, quantity in cart.values())
''',
    ".gitignore": "__pycache__/\n",
}
TEST: Final = """import unittest

from cart import total


class Total(unittest.TestCase):
    def test_counts_quantities(self):
        self.assertEqual(total({"apple": (0.25, 4)}), 1.0)
"""
ROUNDING: Final = """
    def test_is_in_whole_cents(self):
        self.assertEqual(total({"pear": (0.1, 3)}), 0.3)
"""
README: Final = """# Cart

`total(cart)` is the total price of a cart, in whole cents.
"""
RUN_TESTS: Final = "python3 -B -m unittest 2>&1"
WATCH_TESTS: Final = f"while sleep 1; do {RUN_TESTS}; done"

FIX: Final = "The total in cart.py ignores quantities. Fix it, and add a test."
ROUND: Final = "Also round the total to whole cents."
DOCUMENT: Final = "Write a short README.md."
NO_RUST: Final = "No Rust today. Just the README, please."

_SUM: Final = "sum(price for price, quantity in cart.values())"
_RIGHT: Final = "sum(price * quantity for price, quantity in cart.values())"
_LAST_LINE: Final = TEST.splitlines(keepends=True)[-1]


@dataclass
class Story:
    """The model's part. `pace`: seconds per word. The model waits for the two gates, so that the user is never late."""

    pace: float
    steered: asyncio.Event = field(default_factory=asyncio.Event)
    never: asyncio.Event = field(default_factory=asyncio.Event)

    def rules(self) -> list[Rule]:
        """What the model answers to each of the user's messages."""
        return [self._fix(), self._round(), self._document(), self._no_rust()]

    def _say(self, text: str) -> Say:
        return Say(text, self.pace)

    def _fix(self) -> Rule:
        return when(
            FIX,
            [
                Think("A wrong total. The cart keeps price and quantity; one of them must get lost.", self.pace),
                self._say("I'll look at the cart first."),
                Call("read", filePath="cart.py"),
                self._say("There it is: each price is added once, whatever the quantity."),
                Call("edit", filePath="cart.py", oldString=_SUM, newString=_RIGHT),
                self._say("And a test, so that it stays that way."),
                Call("write", filePath="test_cart.py", content=TEST),
                self._say("Let me see whether it passes."),
                Wait(gate=self.steered),
                Call("bash", command=RUN_TESTS, description="Run the tests"),
                self._say("It does."),
            ],
        )

    def _round(self) -> Rule:
        rounded = f"round({_RIGHT}, 2)"
        return when(
            ROUND,
            [
                self._say("Good that you say so: three pears at 0.10 would cost 0.30000000000000004."),
                (
                    Call("edit", filePath="cart.py", oldString=_RIGHT, newString=rounded),
                    Call("edit", filePath="test_cart.py", oldString=_LAST_LINE, newString=_LAST_LINE + ROUNDING),
                ),
                Call("bash", command=RUN_TESTS, description="Run the tests"),
                self._say("Quantities count, totals are in whole cents, and both tests pass."),
            ],
        )

    def _document(self) -> Rule:
        return when(
            DOCUMENT,
            [
                self._say(
                    "Gladly. But a README is only as good as its project, so I'll rewrite the cart in Rust first. "
                    "I begin with a lifetime for every apple, then a trait for all that can be put into a cart, and "
                    "while that compiles I'll"
                ),
                Wait(gate=self.never),
            ],
        )

    def _no_rust(self) -> Rule:
        return when(
            NO_RUST,
            [
                self._say("Just the README it is."),
                Call("write", filePath="README.md", content=README),
                self._say("Done. I'll keep the tests running from now on."),
                Call("bash", command=WATCH_TESTS, description="Run the tests forever"),
            ],
        )
