"""What isn't quite HTTP: smuggled lengths, broken heads and chunks, other protocols, too much of it."""

from tests.support.wire import HOST

from .rows import JSON, Hostile, raw

GET = b"GET /v1/opencode/status HTTP/1.1\r\n" + HOST
POST = b"POST /v1/opencode/codebases/{idle}/trigger HTTP/1.1\r\n" + HOST + JSON
CHUNKED = b"Transfer-Encoding: chunked\r\n"
BODY = b'{"prompt": "smuggled"}'
FOREIGN = (403, "foreign_host")
TOO_LARGE = (413, "body_too_large")
AFTER = b"POST /v1/opencode/codebases/{idle}/trigger HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 22\r\n\r\n" + BODY
"""A command that must not be carried out because it stands where something else's body should."""

HEADS = (
    raw("no request line", b"\x00\x01\x02\x03\r\n\r\n"),
    raw("words", b"hello, is anybody there?\r\n\r\n"),
    raw("no version", b"GET /v1/opencode/status\r\n\r\n"),
    raw("another version", b"GET / HTTP/9.9\r\n" + HOST + b"\r\n"),
    raw("a bad method", b"G@T / HTTP/1.1\r\n" + HOST + b"\r\n"),
    raw("NUL in the path", b"GET /v1/\x00/status HTTP/1.1\r\n" + HOST + b"\r\n"),
    raw("a blank in the path", b"GET /v1/ /status HTTP/1.1\r\n" + HOST + b"\r\n"),
    raw("a header without a colon", GET + b"nonsense\r\n\r\n"),
    raw("a header without a name", GET + b": nonsense\r\n\r\n"),
    raw("NUL in a header", GET + b"X-A: a\x00b\r\n\r\n"),
    raw("space before the colon", GET + b"X-A : a\r\n\r\n"),
    raw("a folded header", GET + b"X-A: a\r\n b\r\n\r\n"),
    raw("a bare carriage return", GET + b"X-A: a\rX-B: b\r\n\r\n"),
    raw("the same host twice", GET + HOST + b"\r\n"),
    raw("two hosts", GET + b"Host: example.com\r\n\r\n"),
    raw("a long line", b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431, "header_too_large"),
    raw("a long header", GET + b"X-A: " + b"x" * 70_000 + b"\r\n\r\n", 431, "header_too_large"),
    raw("many headers", GET + b"".join(b"X-%d: 1\r\n" % n for n in range(10_000)) + b"\r\n"),
)

LENGTHS = (
    raw("a length that is no number", POST + b"Content-Length: ten\r\n\r\n" + BODY),
    raw("a negative length", POST + b"Content-Length: -1\r\n\r\n" + BODY),
    raw("a length with a sign", POST + b"Content-Length: +22\r\n\r\n" + BODY),
    raw("a hexadecimal length", POST + b"Content-Length: 0x16\r\n\r\n" + BODY),
    raw("a length of another script", POST + "Content-Length: ٢٢\r\n\r\n".encode() + BODY),
    raw("a length in two", POST + b"Content-Length: 22, 22\r\n\r\n" + BODY),
    raw("two lengths", POST + b"Content-Length: 22\r\nContent-Length: 0\r\n\r\n" + BODY),
    raw("the same length twice", POST + b"Content-Length: 22\r\nContent-Length: 22\r\n\r\n" + BODY),
    raw("a length without end", POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n" + BODY),
    raw("a length over the limit, and nothing else", POST + b"Content-Length: 1048577\r\n\r\n", *TOO_LARGE),
    raw(
        "a length over the limit, expecting to be asked",
        POST + b"Content-Length: 1048577\r\nExpect: 100-continue\r\n\r\n",
        *TOO_LARGE,
    ),
    raw("a length and chunks", POST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + AFTER),
    raw("chunks and a length", POST + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n" + AFTER),
    raw("an unknown transfer coding", POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + AFTER),
    raw("chunks, and more", POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + AFTER),
    raw("chunks twice", POST + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n" + AFTER),
    raw("chunks, with a blank before the colon", POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + AFTER),
)

CHUNKS = (
    raw("a size that is no number", POST + CHUNKED + b"\r\nzz\r\n{}\r\n0\r\n\r\n" + AFTER),
    raw("a negative size", POST + CHUNKED + b"\r\n-1\r\n{}\r\n0\r\n\r\n" + AFTER),
    raw("a huge size", POST + CHUNKED + b"\r\nffffffffffffffffffff\r\n{}\r\n"),
    raw("a size with a prefix", POST + CHUNKED + b"\r\n0x2\r\n{}\r\n0\r\n\r\n" + AFTER),
    raw("no end of a chunk", POST + CHUNKED + b"\r\n2\r\n{}XX0\r\n\r\n" + AFTER),
    raw("line feeds alone", POST + CHUNKED + b"\r\n2\n{}\n0\n\n" + AFTER),
)

OTHER_PROTOCOLS = (
    raw("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    raw("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    raw("SMTP", b"EHLO example.com\r\nMAIL FROM:<a@example.com>\r\n\r\n"),
    raw("Redis", b"*1\r\n$4\r\nPING\r\n\r\n"),
    raw(
        "another host's address",
        b"GET http://example.com/v1/opencode/status HTTP/1.1\r\nHost: example.com\r\n\r\n",
        403,
        "foreign_host",
    ),
    *(
        raw(
            f"an address with a host: {address.decode()}",
            b"GET %b/v1/opencode/status HTTP/1.1\r\n" % address + HOST + b"\r\n",
            *FOREIGN,
        )
        for address in (
            *(
                b"http://example.com",
                b"HTTP://EXAMPLE.COM",
                b"https://example.com:443",
                b"http://localhost@example.com",
            ),
            *(
                b"http://user@localhost",
                b"http://localhost.example.com",
                b"http://128.0.0.2:8000",
                b"ftp://example.com",
            ),
        )
    ),
    raw("a tunnel in our name", b"CONNECT example.com:443 HTTP/1.1\r\n" + HOST + b"\r\n", *FOREIGN),
    raw("a tunnel", b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 403, "foreign_host"),
    raw("no host", b"GET /v1/opencode/status HTTP/1.1\r\n\r\n"),
    raw("an empty host", b"GET /v1/opencode/status HTTP/1.0\r\nHost:\r\n\r\n", 403, "foreign_host"),
    raw("a page without a host", b"GET /v1/opencode/status HTTP/1.0\r\nOrigin: http://\r\n\r\n", 403, "foreign_origin"),
    raw("an expectation", GET + b"Expect: miracles\r\n\r\n", 417, "expectation_failed"),
)

SMUGGLED: tuple[Hostile, ...] = HEADS + LENGTHS + CHUNKS + OTHER_PROTOCOLS
