"""Why a process could not be started, in words that say what to do where the machine has no more to give."""

import errno
import os


def why(error: OSError | ValueError) -> str:
    """What kept a process from being started, and what to do about it where the machine has no more to give."""
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EMFILE, errno.ENFILE):
        return f"{os.strerror(number)}; let the server open more with `ulimit -n`."
    if number in (errno.EAGAIN, errno.ENOMEM):
        return f"{os.strerror(number)}; there is no room for another process: see `ulimit -u` and the machine's memory."
    return str(error)
