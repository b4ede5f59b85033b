"""Hands prompts over: to the right session, for the right model, with certainty whether the agent has them."""

import asyncio

from ...domain.codebase.effects import Prompt
from ...domain.codebase.facts import PromptTaken, SessionOpened
from ...domain.errors import AgentError
from ...domain.ids import AgentSessionId, SessionId
from ...domain.opencode.translator import Translator
from ...domain.ports import Deliver
from ..clock import wall_milliseconds
from .client import NotFoundThere
from .connection import Connection
from .message_ids import MessageIds
from .outbox import Outbox
from .whereabouts import check_session

SESSION_LOST = "SESSION_LOST"


class Handover:
    """Gives prompts to one agent, one at a time. Knows which of the agent's sessions belongs to which of ours."""

    def __init__(self, translator: Translator, outbox: Outbox, deliver: Deliver) -> None:
        self._translator, self._outbox, self._deliver = translator, outbox, deliver
        self._ids = MessageIds()
        self._giving: asyncio.Task[None] | None = None
        self._roots: dict[SessionId, AgentSessionId] = {}
        self._verified: set[AgentSessionId] = set()

    @property
    def under_way(self) -> bool:
        """Whether a prompt is being handed over now."""
        return self._giving is not None and not self._giving.done()

    async def settled(self) -> None:
        """Wait until the present handover has succeeded or failed."""
        if self._giving is not None:
            await asyncio.wait({self._giving})

    def to_another_process(self) -> None:
        """The agent has a new process, which must be asked whether it knows the sessions."""
        self._verified.clear()

    async def give(self, connection: Connection, prompt: Prompt, files: list[dict[str, str]]) -> None:
        """Hand a prompt over. Once the log was asked, it goes on even after a cancel. Raises `AgentError`."""
        root, model = await self._session(connection, prompt)
        self._giving = asyncio.create_task(self._give(connection, prompt, files, root, model))
        self._giving.add_done_callback(_retrieved)
        await asyncio.shield(self._giving)

    async def _give(
        self,
        connection: Connection,
        prompt: Prompt,
        files: list[dict[str, str]],
        root: AgentSessionId,
        model: str,
    ) -> None:
        """Hand over to the end once begun, so that it is known whether the agent has the prompt.

        The log decides. A prompt that is not recorded as delivered, because an interrupt came first, is kept for later
        and must not be handed over now. A prompt that is recorded as delivered must be handed over.
        """
        self._outbox.put([SessionOpened(session_id=prompt.session_id, agent_session_id=root, model=model)])
        await self._outbox.flushed()
        message = self._ids.next()
        taken = PromptTaken(session_id=prompt.session_id, message_id=prompt.message_id, agent_message_id=message)
        if await self._deliver((taken,)) is False:
            return
        provider, _, name = model.partition("/")
        body = {
            "messageID": message,
            "model": {"providerID": provider, "modelID": name},
            "agent": prompt.agent,
            "parts": [{"type": "text", "text": prompt.text}, *files],
        }
        self._translator.prompted(prompt.session_id, root, prompt.message_id, message, wall_milliseconds())
        await connection.client.prompt(root, body)

    async def _session(self, connection: Connection, prompt: Prompt) -> tuple[AgentSessionId, str]:
        """The agent's session for ours, and the model to use there."""
        catalog, client = await connection.server.catalog(), connection.client
        root = prompt.agent_session_id or self._roots.get(prompt.session_id)
        model = prompt.model or catalog.default_model()
        await asyncio.to_thread(catalog.check, model, prompt.agent)
        if root is None:
            made = await client.create_session(prompt.title or "opencode-ledger")
            root = AgentSessionId(await check_session(client, made))
        elif root not in self._verified:
            try:
                await check_session(client, await client.session(root))
            except NotFoundThere:
                raise AgentError(
                    "opencode no longer knows this session; trigger a new one.", code=SESSION_LOST
                ) from None
        self._verified.add(root)
        self._roots = {prompt.session_id: root}
        return root, model


def _retrieved(giving: asyncio.Task[None]) -> None:
    """Retrieve an error that nobody may be waiting for any longer."""
    if not giving.cancelled():
        giving.exception()
