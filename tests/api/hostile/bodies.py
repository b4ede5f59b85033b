"""Bodies that are not what they should be: malformed, huge, deep, of another type, with values that can't be kept."""

import gzip
import zlib

from .rows import JSON, Hostile, trigger

UNSUPPORTED = (415, "unsupported_media_type")
MIB = 2**20
BOMB = gzip.compress(bytes(50_000_000), compresslevel=1)


def metadata(inner: str) -> bytes:
    return b'{"prompt": "x", "metadata": {"a": ' + inner.encode() + b"}}"


def encoded(coding: bytes) -> bytes:
    return JSON + b"Content-Encoding: " + coding + b"\r\n"


def typed(content_type: bytes) -> bytes:
    return b"Content-Type: " + content_type + b"\r\n"


GOOD = b'{"prompt": "x"}'

MALFORMED = (
    trigger("no body", b""),
    trigger("spaces", b"  "),
    trigger("cut off", b'{"prompt": "x"'),
    trigger("cut off in a string", b'{"prompt": "x'),
    trigger("not JSON", b"prompt=x"),
    trigger("something after", b'{"prompt": "x"} {}'),
    trigger("a comma too many", b'{"prompt": "x",}'),
    trigger("single quotes", b"{'prompt': 'x'}"),
    trigger("a comment", b'{"prompt": "x" /* y */}'),
    trigger("a byte order mark", b'\xef\xbb\xbf{"prompt": "x"}'),
    trigger("UTF-16", '{"prompt": "x"}'.encode("utf-16")),
    trigger("broken UTF-8", b'{"prompt": "\xff"}'),
    trigger("overlong UTF-8", b'{"prompt": "\xc0\xaf"}'),
    trigger("a surrogate in UTF-8", b'{"prompt": "\xed\xa0\x80"}'),
    trigger("an array", b'[{"prompt": "x"}]'),
    trigger("a string", b'"prompt"'),
    trigger("a number", b"1"),
    trigger("null", b"null"),
)

VALUES = (
    trigger("a lone surrogate", b'{"prompt": "\\ud800"}'),
    trigger("a lone surrogate as a key", metadata('{"\\udfff": 1}')),
    trigger("NUL", b'{"prompt": "a\\u0000b"}'),
    trigger("a raw NUL", b'{"prompt": "a\x00b"}'),
    trigger("a raw line break", b'{"prompt": "a\nb"}'),
    trigger("NUL in metadata", metadata('"a\\u0000b"')),
    trigger("NUL in a key", metadata('{"a\\u0000b": 1}')),
    trigger("NaN", metadata("NaN")),
    trigger("Infinity", metadata("Infinity")),
    trigger("-Infinity", metadata("-Infinity")),
    trigger("1e400", metadata("1e400")),
    trigger("-1e400", metadata("-1e400")),
    trigger("1e30", metadata("1e30")),
    trigger("a whole number beyond 64 bits", metadata("18446744073709551616")),
    trigger("a whole number below 64 bits", metadata("-9223372036854775809")),
    trigger("a whole number far below 64 bits", metadata("-18446744073709551615")),
    trigger("one below 64 bits in a list", metadata("[1, [2, -9223372036854775809]]")),
    trigger("one below 64 bits, deep", metadata('{"a": [{"b": -9223372036854775809}]}')),
    trigger("one beyond 64 bits, deep", metadata('{"a": [{"b": 18446744073709551616}]}')),
    trigger("a fraction below 64 bits", metadata("-9223372036854777856.0")),
    trigger("a fraction beyond 64 bits", metadata("1.8446744073709552e19")),
    trigger("-1e300", metadata("-1e300")),
    trigger("a number of 5,000 digits", metadata("9" * 5000)),
    trigger("a hexadecimal number", metadata("0x10")),
    trigger("digits of another script", metadata("٧")),
)

DEEP_AND_LARGE = (
    trigger("deep nesting", metadata("[" * 40 + "]" * 40)),
    trigger("deep objects", metadata('{"a":' * 40 + "1" + "}" * 40)),
    trigger("100,000 brackets", b"[" * 100_000),
    trigger("100,000 brackets, closed", metadata("[" * 100_000 + "]" * 100_000)),
    trigger("100,000 objects, closed", metadata('{"a":' * 100_000 + "1" + "}" * 100_000)),
    trigger("metadata of 900 kB", metadata('"' + "x" * 900_000 + '"')),
    trigger("metadata of many keys", metadata("{" + ",".join(f'"{n}":{n}' for n in range(20_000)) + "}")),
    trigger("over 1 MiB", b'{"prompt": "' + b"x" * MIB + b'"}', 413, "body_too_large"),
    trigger("spaces over 1 MiB", b" " * (MIB + 1), 413, "body_too_large"),
)

TYPES = (
    trigger("plain text", GOOD, *UNSUPPORTED, typed(b"text/plain")),
    trigger("plain text that says it is JSON", GOOD, *UNSUPPORTED, typed(b"text/plain; application/json")),
    trigger("a form", b"prompt=x", *UNSUPPORTED, typed(b"application/x-www-form-urlencoded")),
    trigger("a form of parts", GOOD, *UNSUPPORTED, typed(b"multipart/form-data; boundary=x")),
    trigger("no type", GOOD, *UNSUPPORTED, b""),
    trigger("an empty type", GOOD, *UNSUPPORTED, typed(b"")),
    trigger("a broken type", GOOD, *UNSUPPORTED, typed(b"application")),
    trigger("a type like JSON", GOOD, *UNSUPPORTED, typed(b"application/json-seq")),
    trigger(
        "UTF-16, as announced",
        '{"prompt": "x"}'.encode("utf-16"),
        *UNSUPPORTED,
        typed(b"application/json; charset=utf-16"),
    ),
    trigger(
        "Latin-1", '{"prompt": "é"}'.encode("latin-1"), *UNSUPPORTED, typed(b'application/json; charset="latin-1"')
    ),
    trigger("an unknown charset", GOOD, *UNSUPPORTED, typed(b"application/json; charset=x-none")),
    trigger("gzip", gzip.compress(GOOD), *UNSUPPORTED, encoded(b"gzip")),
    trigger("a gzip bomb", BOMB, *UNSUPPORTED, encoded(b"gzip")),
    trigger("a bomb in a bomb", gzip.compress(BOMB), *UNSUPPORTED, encoded(b"gzip, gzip")),
    trigger("deflate", zlib.compress(GOOD), *UNSUPPORTED, encoded(b"deflate")),
    trigger("br", b"x", *UNSUPPORTED, encoded(b"br")),
    trigger("a coding that there isn't", GOOD, *UNSUPPORTED, encoded(b"rot13")),
)

BODIES: tuple[Hostile, ...] = MALFORMED + VALUES + DEEP_AND_LARGE + TYPES
