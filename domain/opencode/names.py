"""The ids that opencode and its models give to sessions, messages, parts, calls and questions.

Anybody can make a session under a name of their own (`opencode import` takes any that begins with `ses`), and a model chooses the
names of its calls. A name of the one form below can be recorded, shown on a terminal and put into an address. No other one is.
"""

import re
from hashlib import blake2b
from typing import Final

SESSION, MESSAGE, CALL, PART = "ses", "msg", "call", "prt"

FORM: Final = "three small letters, '_', and up to 120 letters, digits, '_' or '-'"
"""What a name may be, in words."""

_FORM: Final = re.compile(r"[a-z]{3}_[0-9A-Za-z_-]{1,120}")
_OF_A_CALL: Final = re.compile(r"[0-9A-Za-z_.:|-]{1,128}")
_OURS: Final = re.compile(r"[0-9a-f]{14}[0-9A-Za-z]{10}")
"""The end of a name that the ledger itself gives: opencode's own are two characters longer."""


def is_name(name: str, kind: str | None = None) -> bool:
    """Whether this has the form of a name; `kind`: its first letters, where only one kind will do."""
    return _FORM.fullmatch(name) is not None and kind in (None, name[:3])


def is_session_of_others(name: str) -> bool:
    """Whether a session of this name can be recorded: it must not be taken for one of the ledger's own sessions."""
    return is_name(name, SESSION) and _OURS.fullmatch(name[4:]) is None


def recorded_name(name: str, kind: str) -> str:
    """The name of a call or a part as it is recorded: itself, or what stands for one that has another form.

    Models make these up, so that one of an odd form is no reason to lose what it names.
    """
    if not name or (_OF_A_CALL if kind == CALL else _FORM).fullmatch(name):
        return name
    return f"{kind}_{blake2b(name.encode('utf-8', 'replace'), digest_size=12).hexdigest()}"


def shown_name(name: str) -> str:
    """A name of any form as the server's own log shows it: in ASCII, and not long."""
    return ascii(name if len(name) <= 60 else f"{name[:60]}…")
