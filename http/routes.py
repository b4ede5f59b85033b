"""The route table: every address of the API, as data."""

from dataclasses import dataclass
from typing import Final, Literal

from . import agent, codebases, history, proofs, sessions, status, tasks
from .security import Access
from .service import ServiceHandler

API = "/v1/opencode"
CODEBASE = f"{API}/codebases/{{codebase_id}}"


@dataclass(frozen=True)
class Route:
    """One address, one method, one handler. `needs`: what its callers need if not what its method says."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    handler: ServiceHandler
    needs: Access | None = None

    @property
    def access(self) -> Access:
        """What a caller needs: to look, a token with the scope `read`; to change something, one with `operate`."""
        return self.needs or ("read" if self.method == "GET" else "operate")


ROUTES: Final = (
    Route("GET", f"{API}/status", status.service_status),
    Route("GET", f"{API}/models", status.list_models),
    Route("GET", f"{API}/codebases", codebases.list_codebases),
    Route("POST", f"{API}/codebases", codebases.register_codebase),
    Route("GET", CODEBASE, codebases.get_codebase),
    Route("DELETE", CODEBASE, codebases.delete_codebase),
    Route("POST", f"{CODEBASE}/trigger", agent.trigger_agent),
    Route("POST", f"{CODEBASE}/message", agent.send_message),
    Route("POST", f"{CODEBASE}/interrupt", agent.interrupt_agent),
    Route("POST", f"{CODEBASE}/stop", agent.stop_agent),
    Route("GET", f"{CODEBASE}/status", agent.agent_status),
    Route("POST", f"{CODEBASE}/permissions/{{permission_id}}", agent.reply_permission),
    Route("GET", f"{CODEBASE}/events", agent.agent_events),
    Route("GET", f"{CODEBASE}/sessions", sessions.list_sessions),
    Route("POST", f"{CODEBASE}/sessions/sync", sessions.sync_sessions),
    Route("GET", f"{CODEBASE}/messages", sessions.session_messages),
    Route("POST", f"{CODEBASE}/tasks", tasks.create_task),
    Route("GET", f"{CODEBASE}/tasks", tasks.list_codebase_tasks),
    Route("GET", f"{API}/tasks", tasks.list_tasks),
    Route("GET", f"{API}/tasks/{{task_id}}", tasks.get_task),
    Route("POST", f"{API}/tasks/{{task_id}}/cancel", tasks.cancel_task),
    Route("GET", f"{CODEBASE}/log", history.log_page, needs="audit"),
    Route("GET", f"{CODEBASE}/log/export", history.log_export, needs="audit"),
    Route("GET", f"{API}/log/checkpoint", proofs.checkpoint, needs="audit"),
    Route("GET", f"{API}/log/key", proofs.public_key, needs="audit"),
    Route("GET", f"{API}/log/tile/entries/{{tile:.+}}", proofs.entries, needs="audit"),
    Route("GET", f"{API}/log/tile/{{level:[0-7]}}/{{tile:.+}}", proofs.tile, needs="audit"),
    Route("GET", f"{API}/log/proofs/inclusion", proofs.inclusion_proof, needs="audit"),
    Route("GET", f"{API}/log/proofs/consistency", proofs.consistency_proof, needs="audit"),
    Route("GET", "/healthz", status.alive, needs="open"),
    Route("GET", "/readyz", status.ready),
)
