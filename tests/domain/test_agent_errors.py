"""What an agent's error is called, and the one sentence that people read of it."""

import pytest

from opencode_ledger.domain.failure import Failure
from opencode_ledger.domain.opencode.errors import SENTENCE_LIMIT, failure_of


def read(name: str = "UnknownError", message: str = "Boom", **data: object) -> Failure:
    return failure_of({"name": name, "data": {"message": message, **data}})


@pytest.mark.parametrize(
    ("name", "message", "status", "code"),
    [
        ("ProviderAuthError", "Boom", None, "PROVIDER_AUTH"),
        ("ContextOverflowError", "Boom", 429, "CONTEXT_TOO_LONG"),
        ("MessageOutputLengthError", "Boom", None, "OUTPUT_LIMIT"),
        ("MessageAbortedError", "Boom", None, "ABORTED"),
        ("ContentFilterError", "Boom", None, "CONTENT_FILTERED"),
        ("APIError", "Boom", 401, "PROVIDER_AUTH"),
        ("APIError", "Boom", 403, "PROVIDER_AUTH"),
        ("UnknownError", "Boom", 429, "RATE_LIMITED"),
        ("APIError", "You exceeded your QUOTA", 400, "RATE_LIMITED"),
        ("UnknownError", "Model not found: a/b", None, "MODEL_NOT_FOUND"),
        ("UnknownError", "Agent not found: x", None, "AGENT_NOT_FOUND"),
        ("APIError", "Could not process image", 400, "BAD_ATTACHMENT"),
        ("APIError", "Boom", None, "PROVIDER_ERROR"),
        ("UnknownError", "Boom", 500, "PROVIDER_ERROR"),
        ("UnknownError", "Boom", None, "AGENT_ERROR"),
    ],
)
def test_the_code_of_an_error(name: str, message: str, status: int | None, code: str) -> None:
    """The error's own name counts first, then the provider's status, then the words of it."""
    assert read(name, message, statusCode=status) == Failure(code=code, error=message)


def test_the_sentence_of_an_error() -> None:
    """The sentence is the first line with words, without names of classes; else the error's name, else a plain sentence."""
    assert (
        read(message="\n  Error: APIError: ProviderError: no such host  \n  at main.ts").error
        == "Error: APIError: ProviderError: no such host"
    )
    assert read(message="APIError: ProviderError: no such host").error == "no such host"
    assert failure_of({"name": "X", "message": "outside of the data"}).error == "outside of the data"
    assert failure_of({"name": "X", "data": {"message": " \n"}}).error == "X"
    nothings: list[object] = [{}, None, "text", {"data": []}]
    for nothing in nothings:
        assert failure_of(nothing) == Failure(code="AGENT_ERROR", error="The agent failed.")


def test_a_long_sentence_is_cut() -> None:
    """A sentence up to the limit stays whole; a longer one is truncated with a mark."""
    assert read(message="x" * SENTENCE_LIMIT).error == "x" * SENTENCE_LIMIT
    assert read(message="x" * (SENTENCE_LIMIT + 1)).error == "x" * (SENTENCE_LIMIT - 1) + "…"
