"""The bodies of responses about the overview of codebases."""

from typing import Annotated, Literal

from pydantic import Field

from ....projections.views.overviews import State
from ....projections.views.session_queries import SessionStatus
from .parts import Count, NamedCodebase, Shape, Time


class LastSession(Shape):
    """The last session that this service started. `prompt`: its first line, at most 200 characters."""

    id: str
    prompt: str
    status: SessionStatus
    started_at: Time | None


class OverviewTokens(Shape):
    """Tokens of all sessions of the codebase."""

    input: Count
    output: Count


class Overview(Shape):
    """What a codebase is doing.

    - `state`: `running`; `needs_you`: the agent runs and waits for answers; `waiting_for_slot`: work waits for a free agent
      slot; `interrupted`; `failed`: the last session failed, or the next task can't start; `idle`.
    - `since`: when that began. `reason`: why it failed or was interrupted.
    - `says`: the last line of the agent's text in its last session, at most 200 characters.
    - `queued`: tasks that wait. `waiting`: permission requests and questions that wait for an answer.
    - `tokens`, `cost`: of all sessions that this service started, in US dollars. `cost_today`: since midnight UTC.
    """

    state: State
    since: Time
    reason: Annotated[str, Field(examples=["The server ended unexpectedly while the agent was running."])] | None
    says: str | None
    queued: Count
    waiting: Count
    session: LastSession | None
    tokens: OverviewTokens
    cost: float
    cost_today: float


class CodebaseOverview(Shape):
    """The overview of a codebase, or null if it was deleted."""

    codebase: NamedCodebase
    overview: Overview | None


class OverviewEvent(Shape):
    """An event of the stream of overviews: its `id`, its name as `event`, and its `data`, parsed as JSON."""

    id: Annotated[str, Field(description="The position of the codebase's last event. `Last-Event-ID` takes it.")]
    event: Literal["overview"]
    data: CodebaseOverview
