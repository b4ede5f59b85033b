"""The synchronous client: a module of methods that each run the asynchronous one of the same name to its end."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HEAD: Final = '''"""The client for programs without an event loop. Made by `python -m scripts.clients` from the asynchronous one.

It uses the standard library alone, so importing it is quick. Any number of threads may share a `Ledger`. `close`, called
in another thread, ends what waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Literal, Self

from . import ledger
from . import models as m
from .blocking import BlockingTransport, finished
from .codebase import Codebase as AsyncCodebase
from .cursor import Cursor
from .following import SILENCE, Trouble
from .ledger import PATIENCE, TIMEOUT
from .sync_events import Events
from .transport import Transport


class _Blocking(ledger.Ledger):
    def _transport(self) -> Transport:
        return BlockingTransport(self._address, self._timeout)
'''

LEDGER: Final = '''class Ledger:
    """A client of one service: `with Ledger() as ledger: …`. It is as `opencode_ledger.client.Ledger`, without `async`."""

    def __init__(
        self, url: str | None = None, token: str | None = None, *, timeout: float = TIMEOUT, patience: float = PATIENCE
    ) -> None:
        self._client = _Blocking(url, token, timeout=timeout, patience=patience)

    def __enter__(self) -> Self:
        finished(self._client.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        finished(self._client.close())

    @property
    def url(self) -> str:
        """The address of the service."""
        return self._client.url
'''

CODEBASE: Final = '''class Codebase:
    """A codebase of a service. It may be used as long as its `Ledger` is open."""

    def __init__(self, client: AsyncCodebase) -> None:
        self._client = client

    @property
    def name_or_id(self) -> str:
        """As it was given."""
        return self._client.name_or_id

    def __repr__(self) -> str:
        return repr(self._client)
'''


def module(client: Path) -> str:
    """The module's text, not yet formatted. `client`: the folder of the asynchronous client."""
    codebase = _methods(client / "codebase.py", "Codebase")
    ledger = _methods(client / "ledger.py", "Ledger")
    return "\n\n".join((HEAD, CODEBASE, *codebase, "", LEDGER, *ledger))


def _methods(path: Path, name: str) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_wanted(node):
            yield _method(node)


def _is_wanted(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return not node.name.startswith("_") and not node.decorator_list and node.name != "close"


def _method(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    call = f"self._client.{node.name}({_given(node.args)})"
    if isinstance(node, ast.AsyncFunctionDef):
        call = f"finished({call})"
    answer = ast.unparse(node.returns) if node.returns else "None"
    if answer == "Codebase":
        call = f"Codebase({call})"
    if answer.startswith("EventStream["):
        answer, call = answer.replace("EventStream", "Events"), f"Events({call})"
    doc = ast.get_docstring(node, clean=False)
    return f'    def {node.name}({ast.unparse(node.args)}) -> {answer}:\n        """{doc}"""\n        return {call}\n'


def _given(arguments: ast.arguments) -> str:
    by_place = [argument.arg for argument in arguments.args if argument.arg != "self"]
    by_name = [f"{argument.arg}={argument.arg}" for argument in arguments.kwonlyargs]
    return ", ".join(by_place + by_name)
