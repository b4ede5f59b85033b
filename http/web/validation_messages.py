"""What is wrong with what was sent, as a sentence for people, whatever the library that checks it calls it."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

Facts: TypeAlias = Mapping[str, Any]
"""What the check knows beside its name: limits, and what was expected."""


def _many(facts: Facts, things: str) -> str:
    return f"It must have at most {_number(facts['max_length'])} {things}"


def _number(number: float) -> str:
    return f"{number:,}" if abs(number) >= 100_000 else f"{number:g}"


SENTENCES: Final[Mapping[str, Callable[[Facts], str]]] = {
    "missing": lambda _: "It is required",
    "extra_forbidden": lambda _: "There is no such field here",
    "string_type": lambda _: "It must be a string",
    "string_too_short": lambda _: "It must not be empty",
    "string_too_long": lambda facts: _many(facts, "characters"),
    "string_pattern_mismatch": lambda _: "It must not be blank",
    "literal_error": lambda facts: f"It must be {str(facts.get('expected')).replace(chr(39), '')}",
    "bool_type": lambda _: "It must be true or false",
    "int_type": lambda _: "It must be a whole number",
    "int_from_float": lambda _: "It must be a whole number",
    "int_parsing": lambda _: "It must be a whole number",
    "float_parsing": lambda _: "It must be a number",
    "greater_than_equal": lambda facts: f"It must be at least {_number(facts['ge'])}",
    "less_than_equal": lambda facts: f"It must be at most {_number(facts['le'])}",
    "list_type": lambda _: "It must be a list",
    "too_long": lambda facts: _many(facts, "items"),
    "dict_type": lambda _: "It must be a JSON object",
    "model_type": lambda _: "It must be a JSON object",
    "model_attributes_type": lambda _: "It must be a JSON object",
    "finite_number": lambda _: "It must be a finite number",
}
"""By the library's name of the complaint. The only pattern of plain strings asks for something that isn't blank."""


def first_complaint(error: ValidationError) -> str:
    """The first complaint, with the field that it is about: `agent: It must be 'build', 'plan' or 'general'.`"""
    problem = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in problem["loc"])
    return f"{where}: {complaint(problem)}." if where else f"{complaint(problem)}."


def complaint(problem: ErrorDetails) -> str:
    """What is wrong, without the field and without the full stop."""
    if sentence := SENTENCES.get(problem["type"]):
        return sentence(problem.get("ctx", {}))
    return problem["msg"].removeprefix("Value error, ").rstrip(".")
