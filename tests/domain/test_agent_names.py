"""Names that come from outside: which are recorded and stand in an address, and what becomes of the others."""

import re
from typing import Any

import pytest

from opencode_ledger.actors.opencode.client import NoName, OpencodeClient
from opencode_ledger.domain.opencode.history import SessionReading, session_from
from opencode_ledger.domain.opencode.names import (
    CALL,
    PART,
    SESSION,
    is_name,
    is_session_of_others,
    recorded_name,
    shown_name,
)
from opencode_ledger.domain.opencode.translator import Translator
from opencode_ledger.domain.untrusted_json import decoded

NAMES = [
    "ses_1",
    "ses_dd3e7ec77ffeaBqQqbLI59R5M3",
    "msg_22c18154a001R8yyuyAJjup7Ap",
    "per_a-b_C",
    "que_0",
    "ses_" + "x" * 120,
]
NO_NAMES = [
    *(
        "",
        "ses",
        "ses_",
        "abc",
        "sesx1",
        "SES_1",
        "se_1",
        "sess_1",
        " ses_1",
        "ses_1 ",
        "ses_1\n",
        "\nses_1",
        "ses_\x00",
    ),
    *(
        "ses_1/message",
        "ses_1/message?x=",
        "ses_1?x",
        "ses_1#x",
        "ses_1%2F",
        "ses_../ses_2",
        "ses_.",
        "ses_..",
        "ses_1;a",
        "ses_1\\",
    ),
    *(
        "ses_\u202e1",
        "ses_\x1b[31m",
        "ses_é",
        "ses_\ufffd",
        "ses_\ud800",
        "ses_\u0661",
        "ses_\uff11",
        "ses_1\r\nX: y",
        "ses_a b",
    ),
    *(
        "ses_" + "x" * 121,
        "ses_" + "x" * 10_000,
        "ses_1&limit=0",
        "ses_1=",
        "ses_1'",
        'ses_1"',
        "ses_<b>",
        "ses_1\x7f",
        "ses_\t",
    ),
]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_a_name(name: str) -> None:
    """A name of opencode's own form is one, and stands in a record as it is."""
    assert is_name(name)
    assert recorded_name(name, PART) == name


async def test_what_is_none_leads_nowhere() -> None:
    """A name of any other form is put into no address, is shown in plain ASCII, and is recorded as what stands for it."""
    client = OpencodeClient("http://127.0.0.1:9", "x", 1.0, "/code")
    try:
        for name in NO_NAMES:
            assert not is_name(name), name
            for asked in (
                client.session(name),
                client.children(name),
                client.prompt(name, {}),
                client.messages(name, 1),
                client.page_of_messages(name, 1, None, 1),
                client.abort(name, 1.0),
                client.reply_permission(name, "once", None),
                client.answer_question(name, None),
                client.answer_question(name, (("yes",),)),
            ):
                with pytest.raises(NoName, match="is not a name that opencode gives"):
                    await asked
            assert shown_name(name).isascii() and shown_name(name).isprintable() and len(shown_name(name)) < 700
            assert session_from({"id": name, "directory": "/code"}) is None
            if name:
                assert re.fullmatch(r"prt_[0-9a-f]{24}", recorded_name(name, PART))
    finally:
        await client.close()


def test_names_of_the_ledger_s_own_sessions() -> None:
    """A session of others can't come in under a name that the ledger could have given to one of its own."""
    assert is_session_of_others("ses_dd3e7ec77ffeaBqQqbLI59R5M3")
    assert not is_session_of_others("ses_0645a3c1b2d4e5aBqQqbLI59")
    assert session_from({"id": "ses_0645a3c1b2d4e5aBqQqbLI59"}) is None


@pytest.mark.parametrize("call", ["call_1", "toolu_01A", "functions.bash:0", "call_a|fc_b", "chatcmpl-tool-1"])
def test_names_of_calls_that_models_give(call: str) -> None:
    """The names that models give to their calls stand in the record as they are."""
    assert recorded_name(call, CALL) == call


@pytest.mark.parametrize("call", ["a b", "a\n", "\x1b[2J", "\u202ecall", "x" * 129, "é", "a/b?c"])
def test_odd_names_of_calls(call: str) -> None:
    """A call under any other name is recorded, under one that stands for it: always the same, and another for another."""
    assert recorded_name(call, CALL) == recorded_name(call, CALL) != recorded_name(f"{call}!", CALL)
    assert is_name(recorded_name(call, CALL).replace("call_", "prt_"))


def test_helpers_under_names_of_anybody() -> None:
    """A session that somebody put below our agent's under an odd name is not followed, and is counted."""
    translator = Translator("/code")
    translator.prompted("sess_1", "ses_root", "msg_1", "msg_p", 0.0)  # type: ignore[arg-type]
    for number, name in enumerate(NO_NAMES):
        info = {"id": name, "parentID": "ses_root"}
        translator.event({"id": f"evt_{number}", "type": "session.updated", "properties": {"info": info}}, 0.0)
    assert translator.sessions == ("ses_root",)
    assert translator.malformed == len(NO_NAMES)


def test_messages_that_are_not_the_session_s() -> None:
    """A message with an odd id, of another session, or a repeated one is left out, and counted."""
    session = session_from({"id": "ses_1", "directory": "/code"})
    assert session is not None
    reading = SessionReading(session)
    good: Any = {
        "info": {"id": "msg_1", "role": "user", "sessionID": "ses_1"},
        "parts": [{"type": "text", "text": "Go"}],
    }
    other = {"info": {**good["info"], "id": "msg_2", "sessionID": "ses_2"}, "parts": good["parts"]}
    odd = [{"info": {"id": name, "role": "user"}, "parts": good["parts"]} for name in NO_NAMES]
    page = reading.page([good, other, good, *odd, "x", None, 5, {"info": {"id": "ses_1", "role": "user"}}], last=True)
    assert [message.id for message in page.messages] == ["msg_1"]
    assert page.left_out == 1 + 1 + len(NO_NAMES) + 4


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'"a\ud83db"', "a\ufffdb"),
        (rb'"\ude00\ud83d"', "\ufffd\ufffd"),
        (rb'"\\ud83d"', "\\ud83d"),
        (rb'"\\\ud83d"', "\\\ufffd"),
        (rb'"\uD83D\n\uDE00"', "\ufffd\n\ufffd"),
        (rb'["\ud800", 123456789012345678901234567890]', ["\ufffd", 1.2345678901234568e29]),
    ],
)
def test_halves_of_characters(body: bytes, said: object) -> None:
    """A text that was cut in the middle of a character keeps all the others."""
    assert decoded(body) == said


@pytest.mark.parametrize("body", [b"", b"{", b"[1e400]", b"[" * 2000, b"nan", b'"\xff"'])
def test_what_is_no_json(body: bytes) -> None:
    """What can't be read is said to be so."""
    with pytest.raises(ValueError, match=r":|control|depth|ecursion|UTF|utf"):
        decoded(body)


def test_kinds() -> None:
    """Where only one kind of name will do, no other does."""
    assert is_name("ses_1", SESSION) and not is_name("msg_1", SESSION)
