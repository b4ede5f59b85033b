"""An agent's run, from a prompt to its rest: is it at work, what does it wait for, how did it end.

A run has come to rest when the agent says so or reports an error, and a question for its status confirms it.
Neither sign alone is enough: an idle may be a former run's, an error may be followed by another try.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..events import Answers
from ..failure import Failure
from ..ids import AgentSessionId, MessageId, SessionId
from ..untrusted_json import Fields, fields, text, whole
from .errors import failure_of

Activity: TypeAlias = Literal["given", "busy", "retrying", "resting"]
"""`given`: a prompt was handed over and nothing is known of it yet. `resting`: seems at rest, to be confirmed."""

Given: TypeAlias = str | Answers | None
"""An answer: the reply to a request for leave; the answers to a question, None where it is rejected."""

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
    """The agent at work on one session. `prompt` is the agent's name for the newest message it was given.

    `since`: when the run began, in ms since the epoch. `taken`: that message had an effect. `compared`: the agent compared the files after it came to rest.
    `asking`: what it waits to be answered. `given`: the answers that it was given, whether or not it has taken them.
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
        """A newer prompt was handed over: whatever ended before it is not the end."""
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
        """An error was reported; it may be followed by another try. Of several the first says it best."""
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
        """Whether the newest prompt has met its end, as far as the messages tell."""
        answer = self.answer()
        return answer.finished if answer else self.failure is not None

    @property
    def unfinished(self) -> bool:
        """Whether the agent still has something to say about an answer that it began."""
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
    def cut_off(self) -> Literal["length", "content-filter"] | None:
        """Why the model ended its last answer, where it hadn't said all."""
        match self.answer():
            case Answer(finish="length"):
                return "length"
            case Answer(finish="content-filter"):
                return "content-filter"
            case _:
                return None

    def _is_current(self, parent: str) -> bool:
        return parent == self.prompt or self._prompts.get(parent, -1) > self._prompts.get(self.prompt, 0)
