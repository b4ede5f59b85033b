"""What can't be seen is written out; what can be seen stays."""

import unicodedata

import pytest

from opencode_ledger.domain.visible_text import HIDDEN, JOINING, PICTURES, Ranges, one_line, visible, visible_prose

LIES = {
    "an override of direction": ("rm \u202egol.dlo\u202c /tmp/x", "rm <U+202E>gol.dlo<U+202C> /tmp/x"),
    "isolates": ("a\u2066b\u2067c\u2068d\u2069", "a<U+2066>b<U+2067>c<U+2068>d<U+2069>"),
    "direction marks": ("a\u200eb\u200fc\u061c", "a<U+200E>b<U+200F>c<U+061C>"),
    "an escape": ("\x1b[2Jred", "<U+001B>[2Jred"),
    "C1's own escape": ("\x9b2Jred", "<U+009B>2Jred"),
    "a carriage return": ("rm -rf /\rls      ", "rm -rf /<U+000D>ls      "),
    "a NUL and a backspace": ("a\x00b\x08c\x7f", "a<U+0000>b<U+0008>c<U+007F>"),
    "other line ends": ("a\x0bb\x0cc\x85d\u2028e\u2029f", "a<U+000B>b<U+000C>c<U+0085>d<U+2028>e<U+2029>f"),
    "zero widths": ("a\u200bb\u200cc\u200dd\u2060e\ufefff", "a<U+200B>b<U+200C>c<U+200D>d<U+2060>e<U+FEFF>f"),
    "tags": ("hi\U000e0041\U000e007f", "hi<U+E0041><U+E007F>"),
    "bytes as variation selectors": ("x\ufe00\ufe0f\U000e0100\U000e01ef", "x<U+FE00><U+FE0F><U+E0100><U+E01EF>"),
    "a soft hyphen": ("pass\xadword", "pass<U+00AD>word"),
    "Hangul fillers": ("a\u115f\u1160\u3164\uffa0", "a<U+115F><U+1160><U+3164><U+FFA0>"),
    "interlinear marks": ("\ufff9a\ufffab\ufffb", "<U+FFF9>a<U+FFFA>b<U+FFFB>"),
    "blanks": ("rm\xa0a\u2003b\u202fc\u3000d\u2800e", "rm<U+00A0>a<U+2003>b<U+202F>c<U+3000>d<U+2800>e"),
    "halves of a pair": ("\ud83d \ude00", "<U+D83D> <U+DE00>"),
    "private use, no characters": ("\ue000\ufdd0\U0001ffff\U00100000", "<U+E000><U+FDD0><U+1FFFF><U+100000>"),
    "controls of music and shorthand": ("\U0001d173\U0001bca0", "<U+1D173><U+1BCA0>"),
    "a heart's variant in a command": ("rm ❤\ufe0f", "rm ❤<U+FE0F>"),
}


@pytest.mark.parametrize(("text", "shown"), LIES.values(), ids=LIES)
def test_nothing_hidden_stays_hidden(text: str, shown: str) -> None:
    """Each kind of what can't be seen is written out; what is shown has none of it, so that showing it again is the same."""
    assert visible(text) == shown
    assert visible(shown) == shown


def test_lines_and_tabs_stay_where_there_are_many_lines() -> None:
    """A text of many lines keeps them; where there is one line, they are written out."""
    assert visible("a\n\tb\r\n") == "a\n\tb<U+000D>\n"
    assert one_line("ls\n\trm -rf /") == "ls<U+000A><U+0009>rm -rf /"


@pytest.mark.parametrize(
    "text", ["Grüße, naïve café", "привет", "日本語", "שלום", "مرحبا", "e\u0301", "👍 ✓ → ½ €", "<U+>"]
)
def test_what_is_seen_stays(text: str) -> None:
    """Letters, marks, signs and pictures of any script are shown as they are."""
    assert visible(text) == text
    assert visible_prose(text) == text


PROSE = {
    "pictures": "⚠\ufe0f ✔\ufe0f ❤\ufe0e 👨\u200d👩\u200d👧 👍🏽 🏳\ufe0f\u200d🌈",
    "keys": "1\ufe0f\u20e3 #\ufe0f\u20e3",
    "Persian": "می\u200cخواهم",
    "Hindi": "क्\u200dष",
}


@pytest.mark.parametrize("text", PROSE.values(), ids=PROSE)
def test_prose_keeps_pictures_and_spelling(text: str) -> None:
    """In sentences, joiners and selectors stay where they make a picture or spell a word; in a command they don't."""
    assert visible_prose(text) == text
    assert visible(text) != text


def test_prose_hides_nothing_beside_pictures() -> None:
    """Selectors and joiners where they make nothing are written out in prose too."""
    text = "1\ufe0f a\u200db ❤\ufe0f\ufe0f 👍\u200d می\u200c \u202e \u200b"
    expected = "1<U+FE0F> a<U+200D>b ❤\ufe0f<U+FE0F> 👍<U+200D> می<U+200C> <U+202E> <U+200B>"
    assert visible_prose(text) == expected


def test_the_table_misses_no_category() -> None:
    """Whatever Unicode calls a control, a format, a separator, private or half is hidden, but for signs that are seen."""
    seen = {*range(0x0600, 0x0606), 0x06DD, 0x0890, 0x0891, 0x08E2, 0x110BD, 0x110CD, ord(" ")}
    hidden = {code for first, last in HIDDEN for code in range(first, last + 1)}
    meant = {
        code
        for code in range(0x110000)
        if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs"} and code not in seen
    }
    assert sorted(map(hex, meant - hidden)) == []


@pytest.mark.parametrize("table", [HIDDEN, PICTURES, JOINING])
def test_the_tables_are_in_order(table: Ranges) -> None:
    """No range overlaps another, or is the wrong way round."""
    assert list(table) == sorted(table)
    ends = [end for ends in table for end in ends]
    assert ends == sorted(ends)
