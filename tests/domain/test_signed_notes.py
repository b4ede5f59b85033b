"""Signed notes and checkpoints, against the examples of the formats and of their first implementation."""

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.proofs.leaves import entry, leaf_of
from opencode_ledger.domain.proofs.merkle import leaf_hash
from opencode_ledger.domain.proofs.signed_notes import (
    BadNote,
    Checkpoint,
    VerifierKey,
    checkpoint_in,
    open_note,
    sign_note,
)

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SAYING = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = (
    f"{SAYING}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The example in the documentation of Go's package `note`, where the format comes from."""

SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
"""The example in the specification of checkpoints."""

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = VerifierKey("example.org/log", PRIVATE.public_key().public_bytes_raw())


def verified(public: bytes, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def test_a_note_that_others_signed() -> None:
    """A note that Go's implementation signed opens with its key, whose text we write as it does."""
    key = VerifierKey.parse(PETER)
    assert open_note(SIGNED, key, verified) == SAYING
    assert str(key) == PETER
    assert key.id.hex() == "c74f20a3"


def test_the_example_of_a_checkpoint() -> None:
    """The checkpoint of the specification is read, and written as it was."""
    checkpoint = Checkpoint.parse(SOFA)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text == SOFA
    assert Checkpoint.parse(f"{SOFA}an extension\n") == checkpoint


@given(st.text().map(lambda text: text + "\n"))
def test_what_we_sign_opens(text: str) -> None:
    """Any text that is signed opens again, with blank lines and dashes in it too."""
    try:
        note = sign_note(text, KEY, PRIVATE.sign)
    except UnicodeEncodeError:
        return
    assert open_note(note, KEY, verified) == text
    assert open_note(f"{note}— somebody.else AAAAAAAA\n", KEY, verified) == text


def test_a_note_that_was_changed() -> None:
    """A changed text, another signer's key and a missing signature are refused."""
    note = sign_note(SAYING, KEY, PRIVATE.sign)
    stranger = VerifierKey("example.org/log", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    for bad, key in ((note.replace("problem", "trouble"), KEY), (note, stranger), (SIGNED, KEY), (SAYING, KEY)):
        with pytest.raises(BadNote):
            open_note(bad, key, verified)
    for bad in (note[:-1], note.replace("— ", "- "), note + "— \n", note + "— x\n", note + "— x =\n", ""):
        with pytest.raises(BadNote):
            open_note(bad, KEY, verified)
    with pytest.raises(BadNote):
        sign_note("no end", KEY, PRIVATE.sign)


@pytest.mark.parametrize(
    "text",
    ["", "x", "x+y", PETER[:-4], PETER.replace("c74f", "c74e"), "a b+00000000+AAAA", "+" + PETER, "x+00000000+AQ=="],
)
def test_keys_that_are_none(text: str) -> None:
    """What is not the text of an Ed25519 key is refused."""
    with pytest.raises(BadNote):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\n", "\n" + SOFA, SOFA.replace("208", "0208"), SOFA.replace("208", "-208"), SOFA.replace("CsUY", "????")],
)
def test_checkpoints_that_are_none(text: str) -> None:
    """What is not a checkpoint is refused."""
    with pytest.raises(BadNote):
        Checkpoint.parse(text)


def test_the_name_of_a_key() -> None:
    """A key's name can't be confused with what stands beside it."""
    for name in ("", "a b", "a+b", "a\nb"):
        with pytest.raises(BadNote):
            VerifierKey(name, bytes(32))


def test_what_a_leaf_covers() -> None:
    """A leaf changes with the stream, the sequence, the topic and every byte of an event; it holds no text of it."""
    event = RecordedEvent(Position(7), CodebaseId("cb_1"), Sequence(3), "output", b'{"content":"hello"}')
    assert entry(event).decode().splitlines()[:4] == ["opencode-ledger event v1", "cb_1", "3", "output"]
    assert leaf_of(event) == leaf_hash(entry(event))
    others = [
        RecordedEvent(Position(7), CodebaseId("cb_2"), Sequence(3), "output", event.data),
        RecordedEvent(Position(7), CodebaseId("cb_1"), Sequence(4), "output", event.data),
        RecordedEvent(Position(7), CodebaseId("cb_1"), Sequence(3), "status", event.data),
        RecordedEvent(Position(7), CodebaseId("cb_1"), Sequence(3), "output", event.data + b" "),
    ]
    assert len({leaf_of(each) for each in (event, *others)}) == 5
    assert b"hello" not in entry(event)


def test_a_key_with_a_plus_sign_within() -> None:
    """A key whose base64 holds plus signs is read as any other."""
    public = b"xy" + bytes([0xFB, 0xEF, 0xBE]) * 10
    key = VerifierKey("example.org/log", public)
    assert "+" in str(key).split("+", 2)[2]
    assert VerifierKey.parse(f" {key}\n") == key


@pytest.mark.parametrize("raw", [b"\x02" + bytes(32), b"\x01" + bytes(31), b"\x01" + bytes(33), b""])
def test_a_key_of_another_kind(raw: bytes) -> None:
    """A key of another algorithm or length is refused as such, before its id is looked at."""
    with pytest.raises(BadNote, match=r"not an Ed25519 key"):
        VerifierKey.parse(f"name+00000000+{base64.b64encode(raw).decode()}")


def test_a_key_has_32_bytes() -> None:
    """No key is made of fewer or more bytes."""
    for length in (0, 31, 33):
        with pytest.raises(BadNote):
            VerifierKey("name", bytes(length))


@pytest.mark.parametrize(
    "line",
    ["— \n", "— name\n", "— name AAAA\n", "— name AAAAAA==\n", "—  AAAAAAAA\n", "- name AAAAAAAA\n", "— name ????\n"],
)
def test_a_malformed_line_of_signatures(line: str) -> None:
    """A note is refused for any malformed signature line, even beside a valid signature."""
    with pytest.raises(BadNote):
        open_note(sign_note(SAYING, KEY, PRIVATE.sign) + line, KEY, verified)


def test_one_valid_signature_is_enough() -> None:
    """A note that its key signed twice, once wrongly, opens; signed wrongly alone it doesn't."""
    note = sign_note(SAYING, KEY, PRIVATE.sign)
    wrong = sign_note(SAYING, KEY, lambda _text: bytes(64))
    assert open_note(f"{wrong}{note.splitlines()[-1]}\n", KEY, verified) == SAYING
    with pytest.raises(BadNote, match=r"no valid signature of example.org/log"):
        open_note(wrong, KEY, verified)


def test_what_a_checkpoint_s_note_says() -> None:
    """A checkpoint is read from its note without checking who signed it."""
    assert checkpoint_in(sign_note(SOFA, KEY, PRIVATE.sign)) == Checkpoint.parse(SOFA)
    with pytest.raises(BadNote):
        checkpoint_in(SOFA)


def test_a_checkpoint_s_size_and_root() -> None:
    """A size may be zero; it has no other digits than ours, and a root has 32 bytes."""
    root = base64.b64encode(bytes(32)).decode()
    assert Checkpoint.parse(f"log\n0\n{root}\n") == Checkpoint("log", 0, bytes(32))
    for size, hashed in (("1", root[4:]), ("٣", root), ("", root), ("+1", root), ("1.0", root)):
        with pytest.raises(BadNote):
            Checkpoint.parse(f"log\n{size}\n{hashed}\n")
