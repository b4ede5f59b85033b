"""Codebases in paths: by id or by name. An id takes precedence over a name."""

from collections.abc import Awaitable, Callable

from ...domain.errors import CodebaseAmbiguous, CodebaseNotFound
from ...domain.events import SERVICE
from ...domain.ids import CodebaseId
from ...domain.ports import EventStore
from ...projections.views.views import Views


async def resolve(
    given: str,
    store: EventStore,
    current_views: Callable[[], Awaitable[Views]],
    allowed: frozenset[CodebaseId] | None = None,
) -> CodebaseId:
    """The codebase with this id, or else the only registered one with exactly this name.

    The id of a deleted codebase is still an id, so no other codebase's name can take its place. Raises `CodebaseNotFound`
    or `CodebaseAmbiguous`. For a caller that may use only the `allowed` ones, no others exist.
    """
    if given != SERVICE and await store.stream_head(CodebaseId(given)):
        return _checked(CodebaseId(given), allowed)
    views = await current_views()
    named = [codebase for codebase in await views.codebases.named(given) if allowed is None or codebase in allowed]
    match named:
        case []:
            raise CodebaseNotFound
        case [codebase]:
            return codebase
        case several:
            raise CodebaseAmbiguous(several)


def _checked(codebase: CodebaseId, allowed: frozenset[CodebaseId] | None) -> CodebaseId:
    if allowed is not None and codebase not in allowed:
        raise CodebaseNotFound
    return codebase
