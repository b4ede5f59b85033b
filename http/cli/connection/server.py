"""One service: its answers as JSON, and every way in which it can fail as one sentence."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from ....client.address import API, query_of
from ....client.blocking import BlockingTransport, finished
from ....client.calls import Calls, request_of
from ....client.errors import LedgerApiError, LedgerClientError, LedgerUnreachable, NotFound
from ..failures import NO_SERVICE, CommandFailed
from .options import Options, address_of, address_with

IN_COMMANDS: Final = {
    "no_active_session": "No agent works on this codebase. `opencode-ledger run` starts one.",
    "task_ended": "The task has already ended. `opencode-ledger tasks retry` queues it again.",
    "task_not_ended": "The task has not ended, so there is nothing to repeat. `opencode-ledger tasks cancel` ends it.",
}
"""What is said instead, by code, where the service's sentence speaks of requests and not of commands."""

Item: TypeAlias = dict[str, Any]
"""A JSON object of an answer."""

PATIENCE: Final = 10.0
"""Seconds for which a command is sent again if the connection breaks; the service recognises the repetition."""

TIMEOUT: Final = 120.0
"""Seconds without a byte after which a request is lost. An interrupt is answered when all commands have ended."""

MOST: Final = 500
"""The longest page of a list."""


class Refused(CommandFailed):
    """The service refused. `code`: its stable word."""

    def __init__(self, error: LedgerApiError) -> None:
        super().__init__(sentence_of(error))
        self.code = error.code
        self.status = error.status


class Server:
    """Asks a service. `url`: its address. Raises `CommandFailed` wherever an answer doesn't come."""

    def __init__(self, options: Options, *, token: str | None = None, timeout: float = TIMEOUT) -> None:
        """`token`: this one, and no other, whatever the options say; empty for none. `timeout`: seconds of silence."""
        self.address = address_of(options) if token is None else address_with(options.server, token)
        self.url = self.address.url
        # The first request must fail at once if nothing listens, but a command must survive a restart.
        transport = BlockingTransport(self.address, timeout)
        self._reading, self._commanding = Calls(transport, 0.0), Calls(transport, PATIENCE)

    def get(self, path: str, /, **query: object) -> Any:
        """The answer to a GET. `path` begins after `/v1/opencode`."""
        return _json(self.url, self._asked(self._reading, "GET", path + query_of(**query)))

    def text(self, path: str, /, **query: object) -> str:
        """The answer to a GET that is no JSON."""
        return self._asked(self._reading, "GET", path + query_of(**query)).decode("utf-8", "replace")

    def outside(self, path: str) -> Any:
        """The answer to a GET beside the API, such as `/readyz`; also one that says that something is wrong."""
        request = request_of("GET", path)
        try:
            return _json(self.url, finished(self._reading.transport.send(request)).body)
        except LedgerUnreachable as error:
            raise unreachable(self.url, error) from None

    def post(self, path: str, body: dict[str, object] | None = None) -> Item:
        """The answer to a command."""
        answer: Item = _json(self.url, self._asked(self._commanding, "POST", path, body))
        return answer

    def send(self, method: str, path: str, body: dict[str, object] | None = None) -> Item:
        """The answer to a PATCH or a DELETE, which is never sent twice."""
        answer: Item = _json(self.url, self._asked(self._reading, method, path, body))
        return answer

    def pages(self, path: str, name: str, most: int, /, **query: object) -> list[Item]:
        """At most that number of items of a list, by as many requests as it needs."""
        found: list[Item] = []
        while len(found) < most:
            page = self.get(path, limit=min(MOST, most - len(found)), offset=len(found), **query)
            found += page[name]
            if not page[name] or len(found) >= page["total"]:
                break
        return found

    @contextmanager
    def knowing(self, what: str) -> Generator[None]:
        """For requests that a service of an earlier version doesn't know, which is then said in words. `what`: "search"."""
        try:
            yield
        except Refused as error:
            if (error.status, error.code) in ((404, "not_found"), (405, "method_not_allowed")):
                raise CommandFailed(f"The service at {self.url} can't {what}: it is of an earlier version.") from None
            raise

    def _asked(self, calls: Calls, method: str, path: str, body: Mapping[str, object] | None = None) -> bytes:
        try:
            return finished(calls.request(request_of(method, API + path, body))).body
        except LedgerApiError as error:
            raise Refused(error) from None
        except LedgerUnreachable as error:
            raise unreachable(self.url, error) from None


def _json(url: str, body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise CommandFailed(f"What answers at {url} is no opencode-ledger service.") from None


def sentence_of(error: LedgerClientError) -> str:
    """What the service said, with what to do about it where that isn't clear."""
    if not isinstance(error, LedgerApiError):
        return str(error)
    if error.code in IN_COMMANDS:
        return IN_COMMANDS[error.code]
    advice = {
        401: " Use `opencode-ledger login`, LEDGER_TOKEN or --token-file.",
        404: " Is --server the address of the service itself?" if _of_another(error) else "",
    }
    by_code = {"project_config_untrusted": " Here: `opencode-ledger codebase edit --trusted`."}
    return error.detail + by_code.get(error.code, advice.get(error.status, ""))


def _of_another(error: LedgerApiError) -> bool:
    return isinstance(error, NotFound) and error.code == "not_of_the_service"


def unreachable(url: str, error: LedgerUnreachable) -> CommandFailed:
    """What to say if there is no answer: either nothing listens, or the connection broke."""
    if not error.sent:
        return CommandFailed(
            f"No service answers at {url}. Is it running? Start it with `opencode-ledger serve`.", NO_SERVICE
        )
    return CommandFailed(str(error), NO_SERVICE)
