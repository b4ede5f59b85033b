"""The agent's configuration that makes the scripted model its only provider."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

Permission: TypeAlias = Literal["allow", "ask", "deny"]
Permissions: TypeAlias = dict[str, Permission | dict[str, Permission]]

ALLOW_ALL: Permissions = {"edit": "allow", "bash": "allow", "webfetch": "deny"}


def opencode_config(
    base_url: str,
    permission: Permissions | None = None,
    *,
    chunk_timeout_ms: int = 120_000,
    providers: Mapping[str, Mapping[str, object]] | None = None,
) -> dict[str, object]:
    """opencode's configuration: provider `stub`, model `stub/stub-1`; nothing shared, updated or downloaded.

    `permission` maps a tool to allow, ask or deny; without it edits and commands are allowed. `providers`: further ones
    by name, with the same models, and the options in which they differ.
    """
    limit = {"context": 200_000, "output": 32_000}
    cost = {"input": 3, "output": 15}
    model = {"name": "Stub One", "limit": limit, "cost": cost, "tool_call": True, "reasoning": True}
    options = {"baseURL": base_url, "apiKey": "sk-scripted", "chunkTimeout": chunk_timeout_ms, "headerTimeout": 60_000}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Stub",
        "options": options,
        "models": {"stub-1": model, "stub-small": {**model, "name": "Stub Small"}},
    }
    others = {
        name: {**provider, "name": name.title(), "options": {**options, **different}}
        for name, different in (providers or {}).items()
    }
    return {
        "model": "stub/stub-1",
        "small_model": "stub/stub-small",
        "autoupdate": False,
        "share": "disabled",
        "enabled_providers": ["stub", *others],
        "permission": ALLOW_ALL if permission is None else permission,
        "provider": {"stub": provider, **others},
    }


def without_catalogue(home: Path) -> Path:
    """A home for agents in which opencode knows no models but those of its configuration.

    It reads its catalogue of all providers' models at each start, also where one provider alone is enabled: a third of
    what a start costs. Blocks.
    """
    place = home / ".cache/opencode"
    place.mkdir(parents=True, exist_ok=True)
    (place / "models.json").write_text("{}")
    return home
