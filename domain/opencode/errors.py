"""Reads an agent's error into a failure: a stable code, and a sentence for people."""

import re

from ..failure import Failure
from ..untrusted_json import Fields, fields, text, whole

SENTENCE_LIMIT = 500

_BY_NAME = {
    "ProviderAuthError": "PROVIDER_AUTH",
    "ContextOverflowError": "CONTEXT_TOO_LONG",
    "MessageOutputLengthError": "OUTPUT_LIMIT",
    "MessageAbortedError": "ABORTED",
    "ContentFilterError": "CONTENT_FILTERED",
    "StructuredOutputError": "PROVIDER_ERROR",
}
_BY_STATUS = {401: "PROVIDER_AUTH", 403: "PROVIDER_AUTH", 429: "RATE_LIMITED"}
_BY_WORDS = (
    (re.compile(r"rate.?limit|too many requests|quota", re.IGNORECASE), "RATE_LIMITED"),
    (re.compile(r"model not found", re.IGNORECASE), "MODEL_NOT_FOUND"),
    (re.compile(r"agent not found", re.IGNORECASE), "AGENT_NOT_FOUND"),
    (re.compile(r"image", re.IGNORECASE), "BAD_ATTACHMENT"),
)


def failure_of(error: object) -> Failure:
    """The failure that an agent's error object describes."""
    found = fields(error)
    data = fields(found.get("data"))
    name = text(found.get("name"))
    sentence = _sentence(text(data.get("message")) or text(found.get("message"))) or name or "The agent failed."
    return Failure(code=_code(name, data, sentence), error=sentence)


def _code(name: str, data: Fields, sentence: str) -> str:
    status = whole(data.get("statusCode"))
    if code := _BY_NAME.get(name) or _BY_STATUS.get(status):
        return code
    for words, code in _BY_WORDS:
        if words.search(sentence):
            return code
    return "PROVIDER_ERROR" if name == "APIError" or status else "AGENT_ERROR"


def _sentence(message: str) -> str:
    """The first line, without the names of error classes; an agent may send a whole stack trace."""
    first = next((line.strip() for line in message.splitlines() if line.strip()), "")
    plain = re.sub(r"^(?:\w+Error: )+", "", first)
    return plain if len(plain) <= SENTENCE_LIMIT else plain[: SENTENCE_LIMIT - 1] + "…"
