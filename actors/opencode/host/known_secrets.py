"""The secrets that nobody may be shown.

They are keys in an agent's environment, configuration and logins, and in the service's environment.
"""

import asyncio
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, cast

from ..program.environment import agent_environment
from ..settings import OpencodeSettings
from .configuration import Places, content_of
from .secret_variables import SAYS_SO, in_addresses, is_place, secret_variables

_MEMBER: Final = re.compile(
    r"(?:key|token|secret|passw(?:or)?d|credentials?|authorization|cookie)$|^(?:access|refresh)$", re.IGNORECASE
)
_HEADER: Final = re.compile(r"key|token|authorization|cookie|secret|passw(?:or)?d", re.IGNORECASE)
_SCHEME: Final = re.compile(r"(?:bearer|basic|token)\s+(.+)", re.IGNORECASE | re.DOTALL)
_PAIR: Final = re.compile(r'"([^"\\]+)"\s*:\s*"((?:[^"\\]|\\.)*)"')
_REFERENCE: Final = re.compile(r"\{(env|file):([^}]+)\}")


async def learn_secrets(settings: OpencodeSettings) -> None:
    """Read again what the agents are given and what our own environment holds, and learn it as secret."""
    settings.secrets.learn("agents", await asyncio.to_thread(_all, settings))


def _all(settings: OpencodeSettings) -> frozenset[str]:
    own = os.environ if settings.environment is None else settings.environment
    return secrets_around(own) | known_secrets(agent_environment(settings, marked="", password="", trusted=False))


def secrets_around(environment: Mapping[str, str]) -> frozenset[str]:
    """The secrets of a service with this environment, which agents aren't given. Blocking."""
    return _forms(_with_members(secret_variables(environment), environment))


def known_secrets(environment: Mapping[str, str]) -> frozenset[str]:
    """The secrets of an opencode with this environment. Blocking."""
    return _forms(_of_an_agent(environment))


def _forms(values: Iterable[str]) -> frozenset[str]:
    return frozenset(form for value in values for form in (value.strip(), *_SCHEME.findall(value.strip())))


def _with_members(values: Iterable[str], environment: Mapping[str, str]) -> Iterator[str]:
    for value in values:
        yield value
        yield from _in_document(value, environment, Path()) if value.startswith("{") else ()


def _of_an_agent(environment: Mapping[str, str]) -> Iterator[str]:
    named = (value for name, value in environment.items() if SAYS_SO.search(name) and not is_place(name, value))
    yield from _with_members(named, environment)
    for value in environment.values():
        yield from in_addresses(value)
    yield from _in_document(environment.get("OPENCODE_CONFIG_CONTENT", ""), environment, Path())
    places = Places.of(environment)
    for file in (*places.configuration, *places.logins):
        yield from _in_document(content_of(file), environment, file.parent)


def _in_document(document: str, environment: Mapping[str, str], directory: Path) -> Iterator[str]:
    """The secrets of a JSON document. If it has comments, those that can be found without parsing it."""
    try:
        pairs = _pairs("", json.loads(document))
    except ValueError:
        pairs = iter(_PAIR.findall(document))
    for name, value in pairs:
        for found in _resolved(value, environment, directory) if _MEMBER.search(name) else ():
            yield found
            yield from found.split(maxsplit=1)[1:] if name.lower().endswith("authorization") else ()


def _pairs(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Each text with its name."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for member, item in cast(dict[str, object], value).items():
            yield from _pairs(_header(member) if name == "headers" else member, item)
    elif isinstance(value, list):
        for item in cast(list[object], value):
            yield from _pairs(name, item)


def _header(name: str) -> str:
    """The name of a header: most are no secrets, and those that are say so somewhere in their names."""
    return name if _MEMBER.search(name) or not _HEADER.search(name) else "token"


def _resolved(value: str, environment: Mapping[str, str], directory: Path) -> Iterator[str]:
    """What the value stands for: in opencode it may name a variable or a file."""
    references = _REFERENCE.findall(value)
    for kind, name in references:
        yield environment.get(name, "") if kind == "env" else content_of(directory / Path(name).expanduser())
    if not references:
        yield value
