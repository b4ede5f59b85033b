"""What is wrong with a command line, as a sentence for people, with the help page to read."""

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

from ..web.validation_messages import predicate

ALIKE: Final = 0.6
"""From 0 to 1: how similar an option must be to what was typed, to be suggested."""


def sentence_of(error: CycloptsError) -> str:
    """What is wrong, and the help to read."""
    command = " ".join(("opencode-ledger", *(error.command_chain or ())))
    return f"{_what(error)} See: {command} --help"


def _what(error: CycloptsError) -> str:
    message = " ".join(str(error).split())
    if isinstance(error.__cause__, ValidationError):
        return _bad_value(error.__cause__)
    match error:
        case UnusedCliTokensError():
            return f"Unexpected argument: {' '.join(error.unused_tokens or [])}."
        case MissingArgumentError():
            return _missing(error)
        case CoercionError(target_type=kind) if kind is int and error.token:
            return f"{error.token.keyword} must be a whole number, not {error.token.value!r}."
        case UnknownCommandError(unused_tokens=[str(option), *_]) if option.startswith("-"):
            return f"Unknown option: {option}."
        case UnknownOptionError() if not _alike(error.token.keyword or error.token.value, message):
            return message.partition(" Did you mean")[0]
        case _:
            return message


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
