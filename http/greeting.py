"""What `serve` says on a terminal beside its ready line: where everything is. Into a pipe it says nothing of this."""

from collections.abc import Iterable

from ..domain.visible_text import one_line
from .api.service import Service


async def greeting(service: Service, url: str) -> str:
    """The lines. `url`: where the server listens."""
    settings, agents = service.settings, service.agents
    trouble = await agents.condition(0.0)
    page = settings.public_url or f"{url}/"
    own = f"  (here: {url}/)" if settings.public_url else ""
    events = f"{service.store.head:,} event{'' if service.store.head == 1 else 's'}"
    return "\n".join(
        _rows(
            ("page", f"{page}{own}"),
            ("API", f"{page}docs"),
            ("data", f"{settings.data}  ({events})"),
            ("opencode", trouble or f"{agents.binary}" + (f"  {agents.note}" if agents.note else "")),
            (
                "sign in",
                "with a token of " + str(settings.token_file) if settings.token_file else "not needed on this machine",
            ),
            ("stop", "Ctrl-C; running agents are interrupted, and a message resumes them"),
        )
    )


def _rows(*rows: tuple[str, str]) -> Iterable[str]:
    # A path may have characters that a terminal would obey.
    return ["", *(f"  {name:<9} {one_line(text)}" for name, text in rows), ""]
