"""What is wrong with a value that was sent, as a sentence for people and not in the words of the validation library."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

Facts: TypeAlias = Mapping[str, Any]
"""The details of a failed check: limits, and the expected values."""


def _at_most(facts: Facts, things: str) -> str:
    return f"must have at most {_number(facts['max_length'])} {things}"


def _number(number: float) -> str:
    return f"{number:,}" if abs(number) >= 100_000 else f"{number:g}"


SENTENCES: Final[Mapping[str, Callable[[Facts], str]]] = {
    "missing": lambda _: "is required",
    "extra_forbidden": lambda _: "is not a known field",
    "string_type": lambda _: "must be a string",
    "string_too_short": lambda _: "must not be empty",
    "string_too_long": lambda facts: _at_most(facts, "characters"),
    "string_pattern_mismatch": lambda _: "must not be blank",
    "literal_error": lambda facts: f"must be {str(facts.get('expected')).replace(chr(39), '')}",
    "bool_type": lambda _: "must be true or false",
    "int_type": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "float_parsing": lambda _: "must be a number",
    "greater_than_equal": lambda facts: f"must be at least {_number(facts['ge'])}",
    "less_than_equal": lambda facts: f"must be at most {_number(facts['le'])}",
    "list_type": lambda _: "must be a list",
    "too_long": lambda facts: _at_most(facts, "items"),
    "dict_type": lambda _: "must be a JSON object",
    "model_type": lambda _: "must be a JSON object",
    "model_attributes_type": lambda _: "must be a JSON object",
    "finite_number": lambda _: "must be a finite number",
}
"""By the library's name of the failed check. The only pattern of plain strings means: not blank."""


def first_message(error: ValidationError) -> str:
    """The first failed check as a sentence that names its field, such as: `agent` must be build, plan or general."""
    problem = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(step) for step in problem["loc"])
    return f"{f'`{field}`' if field else 'The body'} {predicate(problem)}."


def predicate(problem: ErrorDetails) -> str:
    """What is wrong, as the end of a sentence that begins with the field's name, without the full stop."""
    if sentence := SENTENCES.get(problem["type"]):
        return sentence(problem.get("ctx", {}))
    return problem["msg"].removeprefix("Value error, ").rstrip(".")
