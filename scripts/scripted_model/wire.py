"""Answers as the OpenAI chat-completions API writes them, streamed and whole. No I/O."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from .script import Call, Item, Say, Step, Stop, Think

DONE = b"data: [DONE]\n\n"


def sse(data: Mapping[str, object]) -> bytes:
    """One frame of the stream."""
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def words(text: str) -> list[str]:
    """The text cut after each run of white space; joined again it is the text."""
    return re.findall(r"\S*\s+|\S+", text)


def chunk(model: str, delta: Mapping[str, object], finish: str | None = None) -> bytes:
    """One piece of a streamed answer."""
    return sse(
        {**_head("chat.completion.chunk", model), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    )


def usage_chunk(model: str, usage: Mapping[str, int]) -> bytes:
    """The last piece of a streamed answer: what it has cost."""
    return sse({**_head("chat.completion.chunk", model), "choices": [], "usage": usage})


def error_chunk(status: int, message: str) -> bytes:
    """An error in the middle of a stream."""
    return sse(error_body(status, message))


def error_body(status: int, message: str) -> dict[str, object]:
    """An error as the API words it."""
    kind = "rate_limit_error" if status == 429 else "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message or f"scripted error {status}", "type": kind, "code": str(status)}}


def deltas(item: Item, call_index: int, call_id: str) -> Iterator[Mapping[str, object]]:
    """The pieces of one item; a `Wait` or a fault has none."""
    match item:
        case Say(text):
            yield from ({"content": word} for word in words(text))
        case Think(text):
            yield from ({"reasoning_content": word} for word in words(text))
        case Call(tool, arguments):
            head: dict[str, object] = {"name": tool, "arguments": ""}
            yield {"tool_calls": [{"index": call_index, "id": call_id, "type": "function", "function": head}]}
            rest = {"arguments": json.dumps(arguments)}
            yield {"tool_calls": [{"index": call_index, "function": rest}]}
        case _:
            return


def finish_reason(step: Step) -> str:
    """Why the answer ends: the agent runs the tools and asks again, or stops; or what the step says of it."""
    if said := [item.reason for item in step if isinstance(item, Stop)]:
        return said[0]
    return "tool_calls" if any(isinstance(item, Call) for item in step) else "stop"


def usage_of(messages: Sequence[str], step: Step) -> dict[str, int]:
    """A count that depends on the texts alone: a token for each word."""
    asked = sum(len(words(text)) for text in messages)
    answered = sum(len(words(item.text)) if isinstance(item, Say | Think) else 1 for item in step)
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def whole(model: str, step: Step, usage: Mapping[str, int], call_prefix: str) -> dict[str, object]:
    """The answer to a request that asked for no stream."""
    calls = [
        {
            "id": f"{call_prefix}_{index}",
            "type": "function",
            "function": {"name": call.tool, "arguments": json.dumps(call.arguments)},
        }
        for index, call in enumerate(item for item in step if isinstance(item, Call))
    ]
    message: dict[str, object] = {"role": "assistant", "content": "".join(i.text for i in step if isinstance(i, Say))}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": finish_reason(step)}
    return {**_head("chat.completion", model), "choices": [choice], "usage": usage}


def _head(kind: str, model: str) -> dict[str, object]:
    return {"id": "chatcmpl-scripted", "object": kind, "created": 0, "model": model}
