"""Masking: no secret is left, nothing else is changed, and it makes no difference in how many pieces a text comes."""

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencode_ledger.domain.secrets.forms import SHORTEST
from opencode_ledger.domain.secrets.masker import Masker, Secrets
from opencode_ledger.domain.secrets.shapes import MARK
from opencode_ledger.domain.secrets.spans import Span
from opencode_ledger.domain.secrets.streams import StreamMasker

ALNUM = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA"
KNOWN = ("hunter2-hunter2", 'pass"word\\with/ü', "abcdefgh", "abcdefghij", "bcdefghi", "line one of it\nand another")
SHAPED = {
    "openai": f"sk-proj-{ALNUM}",
    "anthropic": f"sk-ant-api03-{ALNUM}-{ALNUM}",
    "deepseek": "sk-0123456789abcdef0123456789abcdef",
    "github": f"ghp_{ALNUM}wxyz",
    "github, fine-grained": f"github_pat_{ALNUM}_{ALNUM}",
    "gitlab": f"glpat-{ALNUM}",
    "slack": "xoxb-" + "123456789012-abcdefghij",
    "aws": "AKIA" + "Z7Q2W3E4R5T6Y7U8",
    "aws, the other half": f"secret_access_key = {ALNUM}aB3d/5+H",
    "aws, the other half in JSON": f'SecretAccessKey": "{ALNUM}aB3d/5+H',
    "github, without a digit": "ghp_" + "a" * 36,
    "a password in an address": "://u:Dpy4DE9ugYHbIUyd@",
    "a password that is set": "password=Tr0ub4dor&3xyz",
    "a password that is set, in JSON": 'password": "Tr0ub4dor-3xyz',
    "google": f"AIza{ALNUM}abc",
    "npm": f"npm_{ALNUM}wxyz",
    "jwt": f"eyJ{ALNUM}.eyJ{ALNUM}.{ALNUM}",
    "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{ALNUM * 2}\n{ALNUM * 2}\n",
    "private key, read with line numbers": f"-----BEGIN PRIVATE KEY-----\n2: {ALNUM * 2}\n3: {ALNUM}=\n",
    "bearer": f"Bearer {ALNUM}",
    "basic": "Basic " + base64.b64encode(b"opencode:something-1").decode(),
}
INNOCENT = (
    "sk-learn-based-classification-2024-overview",
    "risk-assessment-2024-of-the-final-report-a1b2c3d4e5f6a7b8",
    "Authorization: Bearer $TOKEN",
    "Bearer <your-token-here-please>",
    "ghp_ is how they begin; npm_config_registry and npm_package_version don't count",
    "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
    "-----BEGIN CERTIFICATE-----\n" + ALNUM * 4,
    "eyJhbGciOi is how they begin",
    "task-1234567890123456789012345",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "123e4567-e89b-12d3-a456-426614174000",
    "password=request.form['password'], password=hash_of_2('Ab'), password: str, PASSWORD=changeme123",
    "https://localhost:8000/@scope, http://a.b/c?d=e:f@g, git@github.com:a/b.git, postgres://user@host/db",
    "secret_access_key = load()",
    "AKIA, AIza, xoxb- and glpat- are prefixes",
    "shelf_0123456789abcdef0123456789abcdef, desk-0123456789abcdef0123456789abcdef",
    "VisualBasic 0123456789abcdef0123",
    MARK,
)

fragments = st.one_of(
    st.sampled_from([*KNOWN, *SHAPED.values(), *INNOCENT, MARK]),
    st.sampled_from([text[:cut] for text in (*KNOWN, *SHAPED.values()) for cut in (1, 3, 7, 12)]),
    st.sampled_from([text[cut:] for text in (*KNOWN, *SHAPED.values()) for cut in (1, 3, 7)]),
    st.sampled_from([" ", "\n", "-", "_", ".", "a", "Z9", '"', "/", "=", "é"]),
    st.text(max_size=5),
)
texts = st.lists(fragments, max_size=8).map("".join)
values = st.lists(st.text(st.characters(exclude_characters="[]", exclude_categories=["Cs"]), min_size=6, max_size=20))


@st.composite
def cut_texts(draw: st.DrawFn) -> list[str]:
    """A text in pieces."""
    text = draw(texts)
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


@given(cut_texts(), st.lists(st.sampled_from(KNOWN)))
def test_pieces_give_the_mask_of_the_whole(pieces: list[str], known: list[str]) -> None:
    """However a text is cut, what is given out of it, joined, is the mask of the whole text."""
    stream = StreamMasker(Secrets(known))
    given_out = [*map(stream.feed, pieces), stream.end()]
    assert "".join(given_out) == Masker(known).mask("".join(pieces))


@given(texts, st.lists(st.sampled_from(KNOWN)))
def test_one_character_at_a_time(text: str, known: list[str]) -> None:
    """A secret that comes one character at a time doesn't pass either."""
    stream = StreamMasker(Secrets(known))
    assert "".join(map(stream.feed, text)) + stream.end() == Masker(known).mask(text)


@given(texts, values)
def test_no_known_secret_survives(text: str, known: list[str]) -> None:
    """After masking no known value is in the text, in whatever form it was put there."""
    for value in known:
        text += f"<{value}> {json.dumps(value)} {quote(value)} {base64.b64encode(value.encode()).decode()}"
    masked = Masker(known).mask(text)
    assert [value for value in known if len(value) >= SHORTEST and value in masked and value not in MARK] == []


@given(texts, values)
def test_masking_again_changes_nothing(text: str, known: list[str]) -> None:
    """What was masked stays as it is."""
    masker = Masker(known)
    once = masker.mask(text + "".join(known))
    assert masker.mask(once) == once


@given(st.text())
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """A text without a secret is not changed."""
    assert Masker(["zq9-very-unlikely"]).mask(text) == text


@pytest.mark.parametrize("name", SHAPED)
def test_what_looks_like_a_secret_is_masked(name: str) -> None:
    """Keys of well-known services and private keys are masked without being known."""
    masked = Masker().mask(f"export KEY='{SHAPED[name]}' # {SHAPED[name]}, yes")
    assert MARK in masked
    assert ALNUM not in masked
    assert SHAPED[name].strip() not in masked
    assert masked.startswith("export KEY='") and masked.endswith(", yes")


@pytest.mark.parametrize("before", ["x", "Z", "7", "_", MARK, "KEY=x", "é"])
@pytest.mark.parametrize("name", [name for name in SHAPED if name not in ("deepseek", "basic")])
def test_a_letter_before_it_hides_nothing(name: str, before: str) -> None:
    """A key is found right behind a letter, or behind another secret. Where its head ends a word, it must look drawn."""
    assert Masker().mask(before + SHAPED[name]).startswith(before + MARK)


@pytest.mark.parametrize("text", INNOCENT)
def test_what_merely_begins_like_a_secret_stays(text: str) -> None:
    """Names, hashes, identities, placeholders and prefixes alone are no secrets."""
    assert Masker().mask(text) == text


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_base64_hides_nothing(before: str) -> None:
    """A known secret is found within base64 of a longer text, wherever in it it lies."""
    encoded = base64.b64encode(f"{before}the-known-secret and more".encode()).decode()
    assert MARK in Masker(["the-known-secret"]).mask(encoded)


def test_short_values_are_no_secrets() -> None:
    """A value under eight characters would be found everywhere, and is not masked."""
    assert Masker(["x" * (SHORTEST - 1)]).mask("x" * (SHORTEST - 1)) == "x" * (SHORTEST - 1)


def test_hardly_anything_is_held_back() -> None:
    """Of ordinary text nothing waits but an end that begins like a secret, and that only until it doesn't."""
    stream = StreamMasker(Secrets(["hunter2-hunter2"]))
    assert stream.feed("All of this, at once.") == "All of this, at once."
    assert stream.feed(" The hunt") == " The "
    assert stream.feed(" is on.") == "hunt is on."


class CountingMasker(Masker):
    """Counts the characters that it is given to search."""

    searched = 0

    def spans(self, text: str, start: int, *, after_secret: bool = False) -> list[Span]:
        self.searched += len(text)
        return super().spans(text, start, after_secret=after_secret)

    def begun(self, text: str, start: int, spans: Iterable[Span] = (), *, after_secret: bool = False) -> int:
        self.searched += len(text)
        return super().begun(text, start, spans, after_secret=after_secret)


@pytest.mark.slow
@pytest.mark.parametrize("lines", [50, 220, 2000])
def test_a_streamed_key_is_searched_in_proportion_to_its_length(lines: int) -> None:
    """A private key that comes one character at a time is masked, and each of its characters searched a few times."""
    key = f"{ALNUM * 2}\n" * lines
    text = f"-----BEGIN PRIVATE KEY-----\n{key}-----END PRIVATE KEY-----, and so on."
    secrets = Secrets()
    secrets.masker = masker = CountingMasker()
    stream = StreamMasker(secrets)
    assert "".join(map(stream.feed, text)) + stream.end() == Masker().mask(text)
    assert masker.searched < 60 * len(text)


def test_what_is_no_longer_known_is_no_longer_masked() -> None:
    """A source's new values take the place of its old ones, and what is forgotten is masked no more."""
    secrets = Secrets()
    secrets.learn("password", ["the-first-one"])
    secrets.learn("password", ["the-second-one"])
    assert secrets.mask("the-first-one the-second-one") == f"the-first-one {MARK}"
    secrets.forget("password")
    assert secrets.mask("the-second-one") == "the-second-one"
