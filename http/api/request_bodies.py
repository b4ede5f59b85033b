"""What clients send, field by field as in the API's document. Strict: no unknown field, no number for a string."""

import re
from typing import Annotated, Final, Literal

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, StringConstraints

AgentName = Literal["build", "plan", "explore", "general"]

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
Path = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500_000, pattern=r"\S")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"\S")]
MODEL_NAME: Final = r"^[^\s/\x00-\x20\x7f-\x9f]+/[^\s\x00-\x20\x7f-\x9f]+$"


def _model_name(name: str) -> str:
    if not re.fullmatch(MODEL_NAME, name):
        raise ValueError("It must be provider/model, as in anthropic/claude-sonnet-4-20250514")
    return name


ModelName = Annotated[
    str,
    StringConstraints(max_length=200),
    AfterValidator(_model_name),
    Field(json_schema_extra={"pattern": MODEL_NAME}),
]
"""`provider/model`."""

MAX_METADATA: Final = 64 * 1024
"""Bytes of metadata, as JSON: it goes along with every event that starts something."""


def _not_too_much(metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(orjson.dumps(metadata)) > MAX_METADATA:
        raise ValueError(f"It must not be larger than {MAX_METADATA:,} bytes as JSON")
    return metadata


Metadata = Annotated[
    dict[str, JsonValue],
    AfterValidator(_not_too_much),
    Field(
        description="Any JSON of your own, up to 64 KiB and 32 levels deep, without NUL characters; "
        "numbers from -2^63 to below 2^64. It comes back as it is with the task and in the log."
    ),
]


def _whole(value: object) -> object:
    """JSON has one kind of number: 1.0 is 1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Priority = Annotated[int, Field(ge=-1_000_000, le=1_000_000), BeforeValidator(_whole)]


class RequestBody(BaseModel):
    """A JSON object that a client sends."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class NoBody(RequestBody):
    """A command that needs no words."""


class AgentConfig(RequestBody):
    """How the codebase's agent is to be run.

    `default_model`: for triggers that name none. `auto_approve`: give every permission. `trusted`: run the
    codebase's own opencode configuration and plugins.
    """

    default_model: ModelName | None = None
    auto_approve: bool = False
    trusted: bool = False


class AgentConfigChange(RequestBody):
    """What is to be another in an agent's configuration; null gives a member its default again."""

    default_model: ModelName | None = None
    auto_approve: bool | None = None
    trusted: bool | None = None


class ChangeCodebase(RequestBody):
    """What changes of a codebase: at least one member. Its directory never changes."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: Name | None = None
    description: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    agent_config: AgentConfigChange | None = None


class RegisterCodebase(RequestBody):
    """A directory to make known."""

    name: Name
    path: Path
    description: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    agent_config: AgentConfig | None = None
    worker_id: Name | None = None


class TriggerAgent(RequestBody):
    """A prompt to start an agent with."""

    prompt: Text
    agent: AgentName = "build"
    model: ModelName | None = None
    files: Annotated[list[Path], Field(max_length=100)] = Field(default_factory=list[Path])
    metadata: Metadata = Field(default_factory=dict[str, JsonValue])


class NewTask(RequestBody):
    """A piece of work for the queue; a higher `priority` goes first."""

    title: Name
    prompt: Text
    agent_type: AgentName = "build"
    model: ModelName | None = None
    priority: Priority = 0
    files: Annotated[list[Path], Field(max_length=100)] = Field(default_factory=list[Path])
    metadata: Metadata = Field(default_factory=dict[str, JsonValue])


class SendMessage(RequestBody):
    """A follow-up for a running or interrupted session."""

    message: Text
    agent: AgentName | None = None
    model: ModelName | None = None


class ReplyPermission(RequestBody):
    """The answer to an agent that asks. `message` tells it why not.

    `answers`: for a question, one list for each in `args.questions`: the labels of the options that are chosen, or
    other words; an empty list leaves it open.
    """

    reply: Literal["once", "always", "reject"]
    message: Reason | None = None
    answers: Annotated[list[Annotated[list[Reason], Field(max_length=100)]], Field(max_length=100)] | None = None
