"""A codebase of a log, found by its id or its name, without a server."""

from ...actors.store.log_file import LogFile
from ...domain.errors import CodebaseAmbiguous
from ...domain.events import CodebaseChanged, CodebaseDeleted, CodebaseRegistered
from ...domain.events.wire import decode
from ...domain.ids import CodebaseId
from ...projections.story.unreadable import readable
from .missing import no_codebase


def codebase_of(log: LogFile, given: str) -> CodebaseId:
    """The codebase with this id, or else the only one with exactly this name now.

    Only if no registered codebase has the name, deleted codebases count. Raises `CodebaseNotFound`, `CodebaseAmbiguous`
    or `LogDamaged`.
    """
    if next(log.of(CodebaseId(given)), None) is not None:
        return CodebaseId(given)
    names = names_of(log)
    same = [(codebase, deleted) for codebase, (name, deleted) in names.items() if name == given]
    named = [codebase for codebase, deleted in same if not deleted] or [codebase for codebase, _ in same]
    if not named:
        raise no_codebase(CodebaseId(given))
    if len(named) > 1:
        raise CodebaseAmbiguous(named)
    return named[0]


def names_of(log: LogFile) -> dict[CodebaseId, tuple[str, bool]]:
    """The present name of each codebase, and whether it is deleted. Raises `LogDamaged`."""
    names = dict[CodebaseId, tuple[str, bool]]()
    for recorded in log.of_topic(CodebaseRegistered.topic):
        known, deleted = names.get(recorded.stream, ("", False))
        match decode(readable(recorded)):
            case CodebaseRegistered(name=str(name)) | CodebaseChanged(name=str(name)):
                names[recorded.stream] = name, deleted
            case CodebaseDeleted():
                names[recorded.stream] = known, True
            case _:
                pass
    return names
