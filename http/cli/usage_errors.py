"""What is wrong with a command line, as a sentence for people, and where to read on."""

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

from ..web.validation_messages import complaint

ALIKE: Final = 0.6
"""From 0 to 1: how alike an option must be to what was typed, to be offered instead of it."""


def sentence_of(error: CycloptsError) -> str:
    """What is wrong, and the help to read."""
    command = " ".join(("opencode-ledger", *(error.command_chain or ())))
    return f"{_what(error)} See: {command} --help"


def _what(error: CycloptsError) -> str:
    told = " ".join(str(error).split())
    if isinstance(error.__cause__, ValidationError):
        return _bad_value(error.__cause__)
    match error:
        case UnusedCliTokensError():
            return f"Not understood: {' '.join(error.unused_tokens or [])}."
        case MissingArgumentError():
            return _missing(error)
        case CoercionError(target_type=kind) if kind is int and error.token:
            return f"{error.token.keyword}: It must be a whole number, not {error.token.value!r}."
        case UnknownCommandError(unused_tokens=[str(option), *_]) if option.startswith("-"):
            return f"Unknown option: {option}."
        case UnknownOptionError() if not _alike(error.token.keyword or error.token.value, told):
            return told.partition(" Did you mean")[0]
        case _:
            return told


def _missing(error: MissingArgumentError) -> str:
    """Which argument isn't there, and what it is for: what the help says of it."""
    argument, command = error.argument, error.app
    if argument is None or command is None or not argument.field_info.is_positional:
        return f"{argument.name if argument else 'An option'} needs a value."
    described = command.assemble_argument_collection(parse_docstring=True)[argument.name]
    meaning = " ".join(str(described.parameter.help or "").split())
    return f"{argument.name.lstrip('-').upper()} is missing: {meaning[:1].lower()}{meaning[1:].rstrip('.')}."


def _alike(given: str, told: str) -> bool:
    """Whether what the sentence offers instead is like what was given: the dashes alone, which all options have, are not."""
    offered = told.rpartition(" ")[2].strip("-?")
    return SequenceMatcher(None, given.strip("-"), offered).ratio() >= ALIKE


def _bad_value(error: ValidationError) -> str:
    """The first complaint, with the names under which the value may have been given."""
    problem = error.errors(include_url=False)[0]
    what = complaint(problem)
    given = "" if problem["type"] == "value_error" else f", not {problem['input']!r}"
    if not problem["loc"]:
        return f"{what}."
    name = str(problem["loc"][0])
    return f"--{name.replace('_', '-')} (LEDGER_{name.upper()}): {what}{given}."
