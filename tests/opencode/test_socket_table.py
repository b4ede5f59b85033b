"""The table of connections as Linux writes it."""

import sys

import pytest

from opencode_ledger.actors.opencode.callers.socket_table import Ends, socket_number

HEAD = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
HEAD6 = b"  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = b"00000000:00000000 00:00000000 00000000  1000        0"
V4 = b"0100007F"
V6 = b"00000000000000000000000001000000"
MAPPED = b"0000000000000000FFFF00000100007F"
TABLE = (
    HEAD
    + b"   0: 0100007F:1F40 00000000:0000 0A %b 11 1 0000000000000000 100 0 0 10 0\n" % REST
    + b"   1: 0100007F:1F40 0100007F:C001 01 %b 12 1 0000000000000000 20 4 30 10 -1\n" % REST
    + b"   2: 0100007F:C001 0100007F:1F40 01 %b 13 1 0000000000000000 20 4 30 10 -1\n" % REST
    + b"   3: 0100007F:C002 0100007F:1F40 05 %b 0 3 0000000000000000\n" % REST
    + b"   4: 0100007F:C003 0100007F:1F40 06 00000000:00000000 03:00000AE1 00000000     0        0 0 3 0000000000000000\n"
    + b"   5: 0200007F:C001 0100007F:1F40 01 %b 14 1 0000000000000000 20 4 30 10 -1\n" % REST
    + b"   6: 0100007F:C004 0100007F:1F40 01 %b" % REST[:-10]
    + b"\n"
    + HEAD6
    + b"   0: %b:1F40 %b:0000 0A %b 21 1 0000000000000000 100 0 0 10 0\n" % (V6, b"0" * 32, REST)
    + b"   1: %b:C001 %b:1F40 01 %b 22 1 0000000000000000 20 4 30 10 -1\n" % (V6, V6, REST)
    + b"   2: %b:C005 %b:1F40 01 %b 23 1 0000000000000000 20 4 30 10 -1\n" % (MAPPED, MAPPED, REST)
    + b"   3: %b:C006 %b:1F40 01 %b 24 1 0000000000000000 20 4 30 10 -1" % (V6, V6, REST)
)
"""Both files as a machine with little-endian numbers has them, one after the other; the last line has no end."""

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the table is written in the machine's own order")


@pytest.mark.parametrize(
    ("client", "server", "number"),
    [
        (("127.0.0.1", 0xC001), ("127.0.0.1", 8000), 13),
        (("::ffff:127.0.0.1", 0xC001), ("::ffff:127.0.0.1", 8000), 13),
        (("::ffff:127.0.0.1", 0xC001, 0, 0), ("127.0.0.1", 8000), 13),
        (("127.0.0.2", 0xC001), ("127.0.0.1", 8000), 14),
        (("127.0.0.1", 0xC005), ("127.0.0.1", 8000), 23),
        (("::1", 0xC001, 0, 0), ("::1", 8000, 0, 0), 22),
        (("::1%lo", 0xC001, 0, 1), ("0:0:0:0:0:0:0:1", 8000, 0, 0), 22),
        (("::1", 0xC006, 0, 0), ("::1", 8000, 0, 0), 24),
        (("127.0.0.1", 0xC002), ("127.0.0.1", 8000), 0),
        (("127.0.0.1", 0xC003), ("127.0.0.1", 8000), 0),
        (("127.0.0.1", 8000), ("127.0.0.1", 0xC001), 12),
        (("127.0.0.1", 0xC004), ("127.0.0.1", 8000), None),
        (("127.0.0.1", 0xC009), ("127.0.0.1", 8000), None),
        (("127.0.0.1", 0xC001), ("127.0.0.1", 8001), None),
        (("127.0.0.1", 0xC001), ("::1", 8000), None),
        (("::1", 0xC005, 0, 0), ("::1", 8000, 0, 0), None),
        (("10.0.0.1", 0xC001), ("127.0.0.1", 8000), None),
    ],
    ids=str,
)
def test_whose_a_connection_is(client: object, server: object, number: int | None) -> None:
    """The client's socket is found by both ends, however addresses are written; 0 where nobody has it, None where there is none."""
    assert socket_number(TABLE, Ends.of(client, server)) == number
    assert socket_number(b"", Ends.of(client, server)) is None


@pytest.mark.parametrize(
    "end", ["", b"", None, (), ("127.0.0.1",), "/run/socket", ("localhost", 1), ("127.0.0.1", "1")]
)
def test_what_is_no_connection(end: object) -> None:
    """Ends that aren't addresses with ports, as those of a Unix socket, are refused."""
    with pytest.raises(ValueError):
        Ends.of(end, ("127.0.0.1", 1))
    with pytest.raises(ValueError):
        Ends.of(("127.0.0.1", 1), end)
