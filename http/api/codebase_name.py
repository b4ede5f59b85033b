"""Codebases in paths: by id or by name. An id takes precedence over a name."""

from collections.abc import Awaitable, Callable

from ...domain.errors import CodebaseAmbiguous, CodebaseNotFound
from ...domain.ids import CodebaseId
from ...domain.ports import EventStore
from ...projections.views.views import Views


async def resolve(given: str, store: EventStore, current_views: Callable[[], Awaitable[Views]]) -> CodebaseId:
    """The codebase with this id, or else the only registered one with exactly this name.

    The id of a deleted codebase is still an id, so no other codebase's name can take its place. Raises `CodebaseNotFound`
    or `CodebaseAmbiguous`.
    """
    if await store.stream_head(CodebaseId(given)):
        return CodebaseId(given)
    views = await current_views()
    match await views.codebases.named(given):
        case []:
            raise CodebaseNotFound
        case [codebase]:
            return codebase
        case several:
            raise CodebaseAmbiguous(several)
