"""Names of directories that mean something else to somebody: to an address, a shell, git, a file system, or the eye."""

from typing import Final

ODD_NAMES: Final = (
    # percent signs, encoded no time, once and twice, and what decodes to nothing
    "x%20y",
    "x%2520y",
    "x%252520y",
    "%2e%2e%2fsecret",
    "%2E%2E%2Fsecret",
    "%2f",
    "a%00b",
    "100%",
    "%",
    "%%",
    "%zz",
    "%e4",
    "%ff%fe",
    "%C3%A4",
    "%25",
    "%u00e4",
    # other characters of addresses
    "a+b",
    "a?b",
    "a#b",
    "a&b=c",
    "a;b",
    "@x:y",
    "http:",
    "file:%2F%2F",
    "[::1]",
    # of shells and patterns
    "$HOME",
    "`id`",
    "$(id)",
    "*",
    "{a,b}",
    "a|b<c>",
    'quote"d',
    "it's",
    "~",
    "-dash",
    "...",
    # blanks and control characters
    "new\nline",
    "ends in\n",
    "return\rx",
    "tab\tx",
    " lead",
    "trail ",
    " ",
    "\x01\x7f",
    "\x1b[31m",
    # what looks alike, or isn't seen
    "\u00e9",
    "e\u0301",
    "\u202egnp.exe",
    "\u05e9\u05dc\u05d5\u05dd",
    "zero\u200bwidth",
    "no\u00a0break",
    "\ufeffmark",
    "line\u2028end",
    "\ufb01",
    "\U0001f600",
    # as long as names may be
    "a" * 250,
    "\u00e4" * 125,
    "%20" * 83,
)

BACKSLASHES: Final = ("back\\slash", "\\\\server", "ends\\", "x%5cy\\z")
"""Names that opencode finds nothing under, since it takes a backslash for a slash."""

NOT_UTF8: Final = (b"\xff", b"a\xe4b", b"%ff\xff", b"\xed\xa0\x80", b"\xc0\xaf..")
"""Names that are no text: they can be given neither in JSON nor to opencode."""
