"""The service that a command asks, and how its answer is printed. Imports little: see `late`."""

import os
from dataclasses import dataclass
from pathlib import Path

from ....client.address import Address
from ....client.errors import BadSetting
from ..failures import CommandFailed
from .contexts import Context, load


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of every command for a service. `parameters` says what each means."""

    server: str | None = None
    context: str | None = None
    token_file: Path | None = None
    directory: Path | None = None
    json: bool = False
    no_color: bool = False
    quiet: bool = False

    @property
    def place(self) -> Path:
        """The directory in which the command works."""
        return Path(os.path.realpath(self.directory or Path.cwd()))


def address_of(options: Options) -> Address:
    """The service to ask. Raises `CommandFailed`.

    The token of a context is sent to that context's service only, whatever else names an address.
    """
    context = _context(options)
    of_environment = None if options.context else os.environ.get("LEDGER_URL")
    url = options.server or of_environment or (context.url if context is not None else None)
    return address_with(url, _token(options, context, url) or "")


def address_with(url: str | None, token: str) -> Address:
    """The service at this address, asked with this token. Raises `CommandFailed`."""
    try:
        return Address.of(url, token)
    except BadSetting as error:
        raise CommandFailed(str(error)) from None


def _context(options: Options) -> Context | None:
    named = options.context or os.environ.get("LEDGER_CONTEXT")
    if named is None and (options.server or os.environ.get("LEDGER_URL")) and _has_token(options):
        return None  # nothing of the file is needed
    contexts = load()
    return contexts.get(name) if (name := named or contexts.current) else None


def _has_token(options: Options) -> bool:
    return options.token_file is not None or "LEDGER_TOKEN" in os.environ


def _token(options: Options, context: Context | None, url: str | None) -> str | None:
    if options.token_file is not None:
        return read_token(options.token_file)
    of_context = context.token if context is not None and context.url == url else None
    if options.context:
        return of_context
    return os.environ.get("LEDGER_TOKEN") or of_context


def read_token(place: Path) -> str:
    """The token in a file's first line. Raises `CommandFailed`."""
    try:
        first = place.expanduser().read_text(encoding="ascii").strip().split("\n")[0].strip()
    except UnicodeDecodeError:
        first = ""
    except OSError as error:
        raise CommandFailed(f"{place} can't be read: {error.strerror}.") from None
    if not first:
        raise CommandFailed(f"{place} holds no token.")
    return first
