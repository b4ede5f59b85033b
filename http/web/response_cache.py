"""Answers that hold until the views change: given again they cost neither the reading of rows nor the making of JSON."""

from collections.abc import Awaitable, Callable
from typing import Final, cast

from aiohttp import web
from aiohttp.typedefs import Handler

from .answers import json_bytes_answer

MOST_ANSWERS: Final = 1024
MOST_BYTES: Final = 16 * 1024 * 1024
"""What is remembered at once: so many answers, of so many bytes together."""


class RecentAnswers:
    """What was answered since the views last changed. One for the whole service.

    `current` returns when the views show all that is committed; `edition` is another whenever they may show something else.
    """

    def __init__(self, current: Callable[[], Awaitable[object]], edition: Callable[[], object]) -> None:
        self._current, self._edition = current, edition
        self._at: object = None
        self._answers: dict[str, bytes] = {}
        self._bytes = 0

    def remembered(self, handle: Handler) -> Handler:
        """A handler whose answers follow from the request's address and the log alone, as one that remembers them."""

        async def handle_remembered(request: web.Request) -> web.StreamResponse:
            await self._current()
            if self._at != (at := self._edition()):
                self._at, self._bytes = at, 0
                self._answers.clear()
            if (known := self._answers.get(request.raw_path)) is not None:
                return json_bytes_answer(known)
            answer = await handle(request)
            body = cast(web.Response, answer).body
            assert isinstance(body, bytes)  # nothing else follows from the views, and refusals are raised
            if at == self._edition() == self._at:
                self._remember(request.raw_path, body)
            return answer

        return handle_remembered

    def _remember(self, asked: str, answer: bytes) -> None:
        weight = len(asked) + len(answer)
        if len(self._answers) < MOST_ANSWERS and self._bytes + weight <= MOST_BYTES:
            self._bytes += weight
            self._answers[asked] = answer
