"""An agent's run, from a prompt to its end: whether it works, what it waits for, how it ended.

A run has ended when the agent says so or reports an error, and its status confirms that. Neither sign alone is enough:
an `idle` may belong to an earlier run, and the agent may retry after an error.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..codebase.facts import Truncation
from ..events import Answers
from ..failure import Failure
from ..ids import AgentSessionId, MessageId, SessionId
from ..untrusted_json import Fields, fields, text, whole
from .errors import failure_of

Activity: TypeAlias = Literal["given", "busy", "retrying", "resting"]
"""`given`: a prompt was sent, and nothing is known of it yet. `resting`: seems to have ended, to be confirmed."""

Given: TypeAlias = str | Answers | None
"""An answer: the reply to a permission, or the answers to a question; None rejects the question."""

REFUSED = {
    "permission": Failure(code="PERMISSION_REJECTED", error="The agent stopped because a permission was refused."),
    "question": Failure(
        code="QUESTION_REJECTED", error="The agent stopped because it asked a question that nobody answered."
    ),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The agent's message that answers a prompt; one for each step of the model, the last one counts."""

    created: int
    message_id: str
    finished: bool
    finish: str
    failure: Failure | None


@dataclass(slots=True)
class Run:
    """The agent at work on one session. `prompt`: the agent's id for the newest message that it got.

    - `since`: when the run began, in ms since the epoch.
    - `taken`: the newest message had an effect.
    - `compared`: the agent compared the files after it came to rest.
    - `asking`: what it asks and waits for. `given`: our answers, whether or not it has taken them.
    """

    session_id: SessionId
    root: AgentSessionId
    answers: MessageId
    prompt: str
    since: float
    activity: Activity = "given"
    retry_at: float = 0.0
    retry_reason: str = ""
    failure: Failure | None = None
    refused: Literal["permission", "question"] | None = None
    compared: bool = False
    taken: bool = False
    asking: set[str] = field(default_factory=set[str])
    given: dict[str, Given] = field(default_factory=dict[str, Given])
    _prompts: dict[str, int] = field(default_factory=dict[str, int])
    _answers: dict[str, tuple[str, Answer]] = field(default_factory=dict[str, tuple[str, Answer]])

    def prompted(self, answers: MessageId, prompt: str) -> None:
        """A newer prompt was sent: an end before it is not the run's end."""
        self.answers, self.prompt = answers, prompt
        self.activity, self.failure, self.refused, self.compared = "given", None, None, False
        self.taken = False

    def status(self, status: Fields) -> None:
        """The agent's status: `busy`, `retry` or `idle`."""
        match status.get("type"):
            case "busy":
                self.activity, self.compared, self.taken = "busy", False, True
            case "retry":
                self.activity, self.retry_at = "retrying", float(whole(status.get("next")))
                self.retry_reason = text(status.get("message"))
            case "idle":
                self.activity = "resting"
            case _:
                return

    def failed(self, error: object) -> None:
        """An error was reported; the agent may retry. Of several errors the first one is the most precise."""
        self.failure = self.failure or failure_of(error)
        self.taken = True
        self.activity = "resting"

    def message(self, info: Fields) -> None:
        """A message of the session: the user's, or the agent's answer to one."""
        created, message_id = whole(fields(info.get("time")).get("created")), text(info.get("id"))
        if info.get("role") == "user":
            self._prompts[message_id] = created
        elif info.get("role") == "assistant":
            finished = "completed" in fields(info.get("time"))
            failure = failure_of(info.get("error")) if info.get("error") else None
            answer = Answer(created, message_id, finished, text(info.get("finish")), failure)
            self._answers[message_id] = (text(info.get("parentID")), answer)

    def comparison(self) -> None:
        """The agent compared the files just now."""
        self.compared = self.activity == "resting"

    def answer(self) -> Answer | None:
        """The last answer to the newest prompt, or to what the agent itself added after it."""
        mine = [answer for parent, answer in self._answers.values() if self._is_current(parent)]
        return max(mine, key=lambda answer: (answer.created, answer.message_id), default=None)

    def settled(self) -> bool:
        """Whether the messages show the end of the newest prompt."""
        answer = self.answer()
        return answer.finished if answer else self.failure is not None

    @property
    def unfinished(self) -> bool:
        """Whether an answer that the agent began is still incomplete."""
        recent = (answer for _, answer in self._answers.values() if answer.created >= int(self.since))
        return not all(answer.finished for answer in recent)

    def verdict(self) -> Failure | None:
        """Why the run failed, or None if it went well. Meaningful once it is at rest and settled."""
        answer = self.answer()
        if answer is None or not answer.finished:
            return self.failure or Failure(code="AGENT_ERROR", error="The agent ended without an answer.")
        if answer.failure is None and answer.finish == "tool-calls":
            return REFUSED[self.refused or "permission"]
        return answer.failure

    @property
    def cut_off(self) -> Truncation | None:
        """Why the model's last answer is truncated; None where it isn't."""
        match self.answer():
            case Answer(finish="length"):
                return "length"
            case Answer(finish="content-filter"):
                return "content-filter"
            case _:
                return None

    def _is_current(self, parent: str) -> bool:
        return parent == self.prompt or self._prompts.get(parent, -1) > self._prompts.get(self.prompt, 0)
