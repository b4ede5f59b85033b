"""`opencode-ledger login`, `logout` and `config`: which services a person works with."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ....client.address import DEFAULT_URL
from ..connection import contexts as stored
from ..connection.candidates import ContextName, SomeContext
from ..connection.options import Options, read_token
from ..connection.server import Refused, Server
from ..failures import CommandFailed
from ..layout.paper import Paper, print_json
from ..layout.table import Column, table

config = App(name="config", help="List the contexts of `login`, and choose the current one.")

Json = Annotated[bool, Parameter(negative="", show_default=False)]


def login(
    url: str = DEFAULT_URL,
    /,
    *,
    name: str | None = None,
    token_file: Path | None = None,
) -> int:
    """Keep a service's address and token as a context, and use it from now on.

    The token is asked for, without showing it, or read from standard input. It is stored in
    ~/.config/opencode-ledger/config.toml, which only you can read. It is checked first.

    Example: `opencode-ledger login https://agents.example.com --name work`

    Parameters
    ----------
    url
        The service's address.
    name
        The context's name. Default: the host.
    token_file
        A file with the token in its first line. Default: you are asked.

    """
    contexts = stored.load()
    name = name or _name_of(url)
    contexts.with_one(name, stored.Context(url))  # a bad name is refused before a token is asked for
    token = _token(url, token_file)
    server = _checked(url, token)
    stored.save(contexts.with_one(name, stored.Context(server.url, server.address.token)))
    Paper().line(f"{name} is the current context: {server.url}")
    return 0


def logout(name: SomeContext = None, /) -> int:
    """Forget a context and its token.

    Parameters
    ----------
    name
        The context. Default: the current one.

    """
    contexts = stored.load()
    if (found := name or contexts.current) is None:
        raise CommandFailed("There is no current context.")
    stored.save(contexts.without(found))
    Paper().line(f"Forgot {found}.")
    return 0


@config.default
def listed(*, json: Json = False) -> int:
    """List the contexts. Tokens are never printed."""
    contexts = stored.load()
    if json:
        named = [{"name": name, "url": one.url, "token": one.token is not None} for name, one in contexts.named.items()]
        print_json({"current": contexts.current, "contexts": named})
        return 0
    paper = Paper()
    if not contexts.named:
        paper.line(f"There are no contexts; commands use {DEFAULT_URL}. `opencode-ledger login URL` creates one.")
        return 0
    rows = [
        ("*" if name == contexts.current else "", (name, "bold"), one.url, "token" if one.token else "no token")
        for name, one in contexts.named.items()
    ]
    columns = (Column(title=""), Column(title="NAME"), Column(title="SERVER", least=12), Column(title="", rank=1))
    paper.lines(table(columns, rows, paper.width))
    return 0


@config.command
def use(name: ContextName, /) -> int:
    """Make a context the current one.

    Parameters
    ----------
    name
        The context.

    """
    contexts = stored.load().using(name)
    stored.save(contexts)
    Paper().line(f"{name} is the current context: {contexts.named[name].url}")
    return 0


def _name_of(url: str) -> str:
    host = url.partition("://")[2].partition("/")[0]
    return "local" if host.startswith(("127.", "localhost", "[::1]")) else host.replace(".", "-").replace(":", "-")


def _token(url: str, file: Path | None) -> str | None:
    """The token; none for a service that asks for none. Raises `CommandFailed`."""
    if file is not None:
        return read_token(file)
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip() or None
    return getpass.getpass(f"Token for {url} (empty if it needs none): ").strip() or None


def _checked(url: str, token: str | None) -> Server:
    """The service, after it has accepted the token. Raises `CommandFailed`."""
    server = Server(Options(server=url), token=token or "")
    try:
        server.get("/codebases")
    except Refused as error:
        if error.status == 401:
            raise CommandFailed(f"{url} does not accept this token. Nothing was stored.") from None
        raise
    return server
