"""What is wrong with a command line, as a sentence for people, with the help page to read."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from pydantic import ValidationError

from ...web.validation_messages import predicate
from .similar import alike, suggested

ALIKE: Final = 0.6
"""From 0 to 1: how similar an option must be to what was typed, to be suggested."""


TEXT_COMMANDS: Final = frozenset({"run", "send", "search", "tasks"})
"""The commands whose arguments are a person's texts."""

LOOK_BACK: Final = "`show`, `sessions`, `tasks`, `ps` and `codebase show` take it."
"""The commands that show an earlier moment."""


def sentence_of(error: CycloptsError, words: Sequence[str]) -> str:
    """What is wrong with these words, and the help to read."""
    command = " ".join(("opencode-ledger", *(error.command_chain or ())))
    return f"{_what(error, words)} See: {command} --help"


def _what(error: CycloptsError, words: Sequence[str]) -> str:
    message = " ".join(str(error).split())
    if isinstance(error.__cause__, ValidationError):
        return _bad_value(error.__cause__)
    match error:
        case UnusedCliTokensError():
            return _unexpected(error, words)
        case MissingArgumentError():
            return _missing(error)
        case CoercionError(target_type=kind) if kind is int and error.token:
            return f"{error.token.keyword} must be a whole number, not {error.token.value!r}."
        case UnknownCommandError(unused_tokens=[str(option), *_]) if option.startswith("-"):
            return f"Unknown option: {option}."
        case UnknownOptionError():
            return _unknown_option(error, message)
        case _:
            return message


def _unexpected(error: UnusedCliTokensError, words: Sequence[str]) -> str:
    """An argument too many. The one before it may be a command that was mistyped."""
    commands = [name for name in error.app or () if not name.startswith("-")]
    meant = next((word for word in words[1:] if alike(word, commands)), None)
    if meant is not None and error.command_chain and meant not in error.command_chain:
        return f"There is no command {meant!r}.{suggested(meant, commands)}"
    return f"Unexpected argument: {' '.join(error.unused_tokens or [])}."


def _unknown_option(error: UnknownOptionError, message: str) -> str:
    """An option that isn't one: similar to one, or perhaps a text."""
    given = error.token.keyword or error.token.value
    if given.partition("=")[0] == "--at":
        return f"--at is not possible here: no earlier state is kept of this. {LOOK_BACK}"
    if _alike(given, message):
        return message
    takes_text = error.command_chain and error.command_chain[0] in TEXT_COMMANDS
    return f"Unknown option: {given}.{' A text that begins with a dash stands after `--`.' if takes_text else ''}"


def _missing(error: MissingArgumentError) -> str:
    """Which argument is missing, and the help text that explains it."""
    argument, command = error.argument, error.app
    if argument is None or command is None or not argument.field_info.is_positional:
        return f"{argument.name if argument else 'An option'} needs a value."
    described = command.assemble_argument_collection(parse_docstring=True)[argument.name]
    meaning = " ".join(str(described.parameter.help or "").split())
    return f"{argument.name.lstrip('-').upper()} is required. {meaning}"


def _alike(given: str, message: str) -> bool:
    """Whether the option that the message suggests is similar to the given one. Dashes don't count: all options have them."""
    offered = message.rpartition(" ")[2].strip("-?")
    return SequenceMatcher(None, given.strip("-"), offered).ratio() >= ALIKE


def _bad_value(error: ValidationError) -> str:
    """The first wrong value, with the option and the variable that it may come from."""
    problem = error.errors(include_url=False)[0]
    what = predicate(problem)
    if not problem["loc"]:
        return f"{what}."
    name = str(problem["loc"][0])
    option = f"--{name.replace('_', '-')} (LEDGER_{name.upper()})"
    if problem["type"] == "value_error":  # a whole sentence of ours
        return f"{option}: {what}."
    return f"{option} {what}, not {problem['input']!r}."
