"""The bodies of requests, field by field as in the API's document. Strict: unknown fields and wrong types are refused."""

import re
from typing import Annotated, Final, Literal

import orjson
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, JsonValue, StringConstraints

from ..web.bodies import RequestBody

AgentName = Literal["build", "plan", "explore", "general"]

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
Path = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500_000, pattern=r"\S")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"\S")]
MODEL_NAME: Final = r"^[^\s/\x00-\x20\x7f-\x9f]+/[^\s\x00-\x20\x7f-\x9f]+$"


def _model_name(name: str) -> str:
    if not re.fullmatch(MODEL_NAME, name):
        raise ValueError("must be provider/model, such as anthropic/claude-sonnet-4-20250514")
    return name


ModelName = Annotated[
    str,
    StringConstraints(max_length=200),
    AfterValidator(_model_name),
    Field(json_schema_extra={"pattern": MODEL_NAME}),
]
"""`provider/model`."""

MAX_METADATA: Final = 64 * 1024
"""Bytes of metadata as JSON. Every event that starts a task or session holds it."""


def _limited(metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(orjson.dumps(metadata)) > MAX_METADATA:
        raise ValueError(f"must not be larger than {MAX_METADATA:,} bytes as JSON")
    return metadata


Metadata = Annotated[
    dict[str, JsonValue],
    AfterValidator(_limited),
    Field(
        description="Any JSON of your own, up to 64 KiB and 32 levels, without NUL characters, with numbers from -2^63 to "
        "below 2^64. The task and the log hold it unchanged."
    ),
]


def _whole(value: object) -> object:
    """JSON has only one kind of number: 1.0 is 1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class SignIn(RequestBody):
    """A token for the page."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=8000)]


Priority = Annotated[int, Field(ge=-1_000_000, le=1_000_000), BeforeValidator(_whole)]


class NoBody(RequestBody):
    """An empty body."""


class AgentConfig(RequestBody):
    """How to run the codebase's agent.

    `default_model`: the model of requests that name none. `auto_approve`: approve every permission request. `trusted`: run
    the codebase's own opencode configuration and plugins.
    """

    default_model: ModelName | None = None
    auto_approve: bool = False
    trusted: bool = False


class AgentConfigChange(RequestBody):
    """Changes of an agent's configuration. Null resets a member to its default."""

    default_model: ModelName | None = None
    auto_approve: bool | None = None
    trusted: bool | None = None


class ChangeCodebase(RequestBody):
    """Changes of a codebase: at least one member. The directory can't be changed."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: Name | None = None
    description: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    agent_config: AgentConfigChange | None = None


class RegisterCodebase(RequestBody):
    """A directory to register."""

    name: Name
    path: Path
    description: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    agent_config: AgentConfig | None = None
    worker_id: Name | None = None


class TriggerAgent(RequestBody):
    """A prompt that starts an agent."""

    prompt: Text
    agent: AgentName = "build"
    model: ModelName | None = None
    files: Annotated[list[Path], Field(max_length=100)] = Field(default_factory=list[Path])
    metadata: Metadata = Field(default_factory=dict[str, JsonValue])


class NewTask(RequestBody):
    """A task for the queue. A higher `priority` starts first."""

    title: Name
    prompt: Text
    agent_type: AgentName = "build"
    model: ModelName | None = None
    priority: Priority = 0
    files: Annotated[list[Path], Field(max_length=100)] = Field(default_factory=list[Path])
    metadata: Metadata = Field(default_factory=dict[str, JsonValue])


class BeforeTask(RequestBody):
    """The place directly ahead of another waiting task of the same codebase."""

    before: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ChangeTask(RequestBody):
    """Changes of a waiting task: at least one member.

    - `position` alone: the task gets exactly this place, and its priority changes as far as that needs.
    - `priority` alone: the task goes behind those that have this priority.
    - Both: the task gets this place among the tasks of this priority.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    title: Name | None = None
    prompt: Text | None = None
    priority: Priority | None = None
    position: Literal["first", "last"] | BeforeTask | None = None


class SendMessage(RequestBody):
    """A message for a running or interrupted session."""

    message: Text
    agent: AgentName | None = None
    model: ModelName | None = None


class ReplyPermission(RequestBody):
    """The answer to a permission request or a question. `message`: the reason for a `reject`, sent to the agent.

    `answers`, for a question: one list for each of `args.questions`, with the labels of the chosen options or with other
    text. An empty list leaves that question unanswered.
    """

    reply: Literal["once", "always", "reject"]
    message: Reason | None = None
    answers: Annotated[list[Annotated[list[Reason], Field(max_length=100)]], Field(max_length=100)] | None = None
