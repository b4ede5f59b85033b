"""The whole job with the command line: six commands in one terminal, and what it showed of each."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.scripted_model import Call, Rule, Say, Think, Wait, when

from .person import Person, person

CART: Final = '''def total(cart):
    """The total price of a cart: name -> (price, quantity)."""
    return sum(price for price, quantity in cart.values())
'''
_SUM: Final = "sum(price for price, quantity in cart.values())"
_RIGHT: Final = "sum(price * quantity for price, quantity in cart.values())"

FIX: Final = "Fix the total in cart.py"
ROUND: Final = "Also round the total"
README: Final = "Write a README"
NO_RUST: Final = "No Rust today. Just the README, please."

RULES: Final[list[Rule]] = [
    when(
        FIX,
        [
            Think("A wrong total. The cart keeps price and quantity."),
            Say("I'll look at the cart first."),
            Call("read", filePath="cart.py"),
            Say("Each price is added once, whatever the quantity."),
            Call("edit", filePath="cart.py", oldString=_SUM, newString=_RIGHT),
            Call("bash", command="touch test_cart.py", description="Create the test"),
            Say("Now the total counts quantities."),
        ],
    ),
    when(
        ROUND,
        [
            Call(
                "question",
                questions=[
                    {
                        "question": "Round to what?",
                        "header": "Rounding",
                        "options": [
                            {"label": "cents", "description": "two digits"},
                            {"label": "whole units", "description": "no digits"},
                        ],
                    }
                ],
            ),
            Call("edit", filePath="cart.py", oldString=_RIGHT, newString=f"round({_RIGHT}, 2)"),
            Say("Quantities count, and the total is in whole cents."),
        ],
    ),
    when(README, [Say("Gladly. But I'll rewrite the cart in Rust first."), Wait(3600.0)]),
    when(
        NO_RUST,
        [
            Say("Just the README it is."),
            Call("write", filePath="README.md", content="# Cart\n"),
            Call("bash", command="sleep 1000", description="Wait"),
        ],
    ),
]
"""What the scripted model does with each prompt."""


@dataclass(frozen=True)
class Screen:
    """A command, the keys that were pressed meanwhile with what they do, and what the terminal showed."""

    words: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]
    raw: str
    text: str
    code: int

    @property
    def line(self) -> str:
        """The command as it is typed."""
        return " ".join(["opencode-ledger", *(f'"{word}"' if " " in word else word for word in self.words)])


@dataclass
class Walk:
    """Goes through the job in `cwd`, as the person of `env`."""

    cwd: Path
    env: dict[str, str]

    async def screens(self) -> list[Screen]:
        """The six commands, one after the other."""
        return [await step() for step in (self._run, self._ps, self._add, self._watch, self._sessions, self._show)]

    async def _run(self) -> Screen:
        words = ("run", "Fix the total in cart.py and add a test")
        keys = (
            ("Enter", "register the directory"),
            ("m", "send a message while the agent works"),
            ("y", "allow the command"),
            ("y", "answer the question"),
        )
        async with person(*words, cwd=self.cwd, env=self.env) as here:
            await here.sees("[Y/n]")
            here.press("\n")
            await here.sees("! asks   bash: touch test_cart.py")
            here.press("m")
            await here.sees("message> ")
            here.press(f"{ROUND}\n")
            await here.sees(f"you      {ROUND}")
            here.press("y")
            await here.sees("! asks   a question")
            here.press("y")
            await here.sees("answer (1-2 or your own words)> ")
            here.press("1\n")
            return await _left(words, keys, here)

    async def _ps(self) -> Screen:
        return await self._printed("ps")

    async def _add(self) -> Screen:
        return await self._printed("tasks", "add", README)

    async def _watch(self) -> Screen:
        words = ("watch", "shop")
        keys = (
            ("i", "interrupt the agent"),
            ("m", "resume it with a message"),
            ("s", "stop it, after a question"),
            ("d", "leave"),
        )
        async with person(*words, cwd=self.cwd, env=self.env) as here:
            await here.sees("in Rust first.")
            here.press("i")
            await here.sees("interrupted on request")
            here.press("m")
            await here.sees("message> ")
            here.press(f"{NO_RUST}\n")
            await here.sees("bash   sleep 1000")
            here.press("s")
            await here.sees("stop the agent? [y/N] ")
            here.press("y\n")
            await here.sees("stopped in")
            here.press("d")
            return await _left(words, keys, here)

    async def _sessions(self) -> Screen:
        return await self._printed("sessions", "shop")

    async def _show(self) -> Screen:
        return await self._printed("show", "shop")

    async def _printed(self, *words: str) -> Screen:
        async with person(*words, cwd=self.cwd, env=self.env) as here:
            return await _left(words, (), here)


async def _left(words: tuple[str, ...], keys: tuple[tuple[str, str], ...], here: Person) -> Screen:
    code = await here.leaves()
    return Screen(words, keys, here.raw, here.screen, code)


_FIXED: Final = (
    (re.compile(r"…[0-9A-Za-z]{7}\b"), "…B6wxzpQ"),
    (re.compile(r"\bcb_[0-9A-Za-z]{24}"), "cb_066181d99e17f0B6wxzpQk0a"),
    (re.compile(r"expires in \d+ m( \d+ s)?"), "expires in 9 m 59 s"),
    (re.compile(r"(completed|stopped|failed) in (\d+ min )?[\d.]+ s"), r"\1 in 14 s"),
    (re.compile(r"[\d.]+k? in, [\d.]+k? out"), "6.3k in, 45 out"),
    (re.compile(r"\$\d+\.\d+"), "$0.03"),
    (re.compile(r"event \d+$", re.MULTILINE), "event 52"),
    (re.compile(r"today \d\d:\d\d +\d+ [sm](?: \d+ s)? +\$"), "today 08:15  14 s  $"),
    (re.compile(r"today \d\d:\d\d"), "today 08:15"),
    (re.compile(r"idle +\d+ s"), "idle   12 s"),
    (re.compile(r"STARTED +TOOK +COST"), "STARTED      TOOK   COST"),
    (re.compile(r"(today.*Fix the total)[^\n]*…"), r"\1 in cart.py …"),
    # What the agent asks may come before or after the call for which it asks.
    (re.compile(r"^  bash   touch test_cart.py\n(?=! asks)", re.MULTILINE), ""),
)
_TIMED: Final = re.compile(r"^(  \S.*?\S) {2,}(\+\d+(?: -\d+)?|\d+ lines?|failed)?(?:  )?(?:[\d.]+ s)?$", re.MULTILINE)


def canonical(text: str, place: Path) -> str:
    """What a terminal showed, without what differs from one run to the next: times, ids, amounts and places."""
    shown = text.replace("\r", "").replace(str(place.parent), "/home/me")
    for pattern, instead in _FIXED:
        shown = pattern.sub(instead, shown)
    shown = _TIMED.sub(lambda found: f"{found[1]}   {found[2] or ''}".rstrip(), shown)
    return "\n".join(line.rstrip() for line in shown.strip("\n").split("\n")) + "\n"
