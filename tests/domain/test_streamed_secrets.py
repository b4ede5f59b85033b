"""An agent's streamed text without its secrets: nothing gets through between two deltas, and nothing is lost at an end."""

from hypothesis import given
from hypothesis import strategies as st

from opencode_ledger.domain.codebase.facts import TextStreamed
from opencode_ledger.domain.ids import SessionId
from opencode_ledger.domain.opencode.streamed_text import Origin, TextParts
from opencode_ledger.domain.secrets.masker import Secrets

KEY = "the-secret-of-the-house"
ORIGIN = Origin(SessionId("sess_1"), None)
texts = st.lists(st.sampled_from([KEY, KEY[:9], "the ", "sk-", "said so. ", "é"]), max_size=6).map("".join)


def part(text: str, *, ended: bool) -> dict[str, object]:
    return {
        "id": "prt_1",
        "messageID": "m",
        "type": "text",
        "text": text,
        "time": {"end": 2} if ended else {"start": 1},
    }


def begun(pieces: list[str]) -> tuple[TextParts, list[TextStreamed]]:
    """A part that has come in these pieces and goes on."""
    parts = TextParts(Secrets([KEY]))
    texts = list(parts.snapshot(ORIGIN, part("", ended=False)))
    return parts, texts + [fact for piece in pieces for fact in parts.delta("prt_1", piece)]


def joined(texts: list[TextStreamed]) -> str:
    whole = ""
    for fact in texts:
        whole = fact.content if fact.replaces else whole + fact.content
    return whole


@given(texts, st.integers(0, 30))
def test_a_part_ends_as_its_masked_snapshot(whole: str, missing: int) -> None:
    """Deltas and the final snapshot, joined, are the mask of the whole, also where the last deltas never came."""
    parts, texts = begun(list(whole[: max(0, len(whole) - missing)]))
    texts += parts.snapshot(ORIGIN, part(whole, ended=True))
    assert joined(texts) == Secrets([KEY]).mask(whole)


@given(texts, texts)
def test_a_snapshot_that_differs_takes_the_place_of_all(before: str, whole: str) -> None:
    """What the agent has at the end counts, masked, whatever it had said before."""
    parts, texts = begun([before])
    texts += parts.snapshot(ORIGIN, part(whole, ended=True))
    assert joined(texts) == Secrets([KEY]).mask(whole)


@given(texts)
def test_a_text_that_is_broken_off_loses_nothing(whole: str) -> None:
    """An interrupt or a crash in the middle of a part: the held-back text is given out then."""
    parts, texts = begun(list(whole))
    texts += parts.broken_off()
    assert joined(texts) == Secrets([KEY]).mask(whole)


def test_a_secret_that_is_not_complete_waits() -> None:
    """The beginning of a possible secret is held back; the text before it is given out."""
    _, texts = begun(["It is the-sec", "ret-of-the-hou"])
    assert joined(texts) == "It is "
