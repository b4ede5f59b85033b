"""The words of a command line, before they are parsed: options that stand first, and texts that begin with a dash."""

from pathlib import Path
from typing import Any, Final

from ..connection.options import Options

FLAGS: Final = {"--json": "json", "--no-color": "no_color", "--quiet": "quiet", "-q": "quiet"}
VALUED: Final = {
    "--server": "server",
    "--context": "context",
    "--token-file": "token_file",
    "--directory": "directory",
    "-C": "directory",
}
"""The options of every command for a service: without and with a value."""

TEXTS: Final = frozenset({"--prompt", "--title", "--message", "-m", "--description"})
"""Options whose value is a text, which may begin with a dash."""

DATA: Final = frozenset({"token_file", "directory"})


def arranged(words: list[str]) -> list[str]:
    """The words in an order that the parser understands."""
    return dashed_last(movable(words))


def movable(words: list[str]) -> list[str]:
    """The words with the options of every command behind the command, if they stand before it."""
    number = 0
    while number < len(words):
        name, _, value = words[number].partition("=")
        if words[number] in FLAGS or (name in VALUED and value):
            number += 1
        elif name in VALUED and number + 1 < len(words):
            number += 2
        else:
            break
    if number in (0, len(words)):
        return words
    first, rest = words[:number], words[number:]
    end = rest.index("--") if "--" in rest else len(rest)
    return [*rest[:end], *first, *rest[end:]]


def dashed_last(words: list[str]) -> list[str]:
    """The words with a text that begins with a dash behind `--`, where no parser takes it for an option.

    That is `-`, or one with a blank in it: no option has one before a `=`.
    """
    end = words.index("--") if "--" in words else len(words)
    before, after = words[:end], words[end + 1 :]
    texts = [place for place in range(1, end) if _is_text(before[place]) and before[place - 1] not in TEXTS]
    if not texts:
        return words
    others = [word for place, word in enumerate(before) if place not in texts]
    return [*others, "--", *(before[place] for place in texts), *after]


def _is_text(word: str) -> bool:
    return word == "-" or (word.startswith("-") and len(word.partition("=")[0].split(maxsplit=1)) > 1)


def simple_options(words: list[str]) -> Options | None:
    """The options, if these words are nothing but options of every command; they need no parser then."""
    found: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, sign, value = word.partition("=")
        if word in FLAGS:
            found[FLAGS[word]] = True
        elif name in VALUED and (sign or (rest and not rest[0].startswith("-"))):
            member, given = VALUED[name], value if sign else rest.pop(0)
            found[member] = Path(given) if member in DATA else given
        else:
            return None
    return Options(**found)
