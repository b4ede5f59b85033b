"""The system's table of TCP connections, as Linux writes it in `/proc/net/tcp` and `/proc/net/tcp6`. Pure.

Each line names both ends of a connection as its owner sees it, and the number of the owner's socket.
"""

import ipaddress
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

End: TypeAlias = tuple[str, int]
"""An address and a port."""

_USER, _NUMBER = 7, 9
"""The columns of the socket's owner and of its number."""


@dataclass(frozen=True, slots=True)
class Ends:
    """A TCP connection as its client has it: the client's own end, and the server's."""

    client: End
    server: End

    @classmethod
    def of(cls, client: object, server: object) -> "Ends":
        """The connection between two ends as sockets report them. IPv4 addresses count as such in every notation.

        Raises `ValueError` for what is no TCP connection.
        """
        return cls(_plain(client), _plain(server))


def socket_number(table: bytes, ends: Ends) -> int | None:
    """The number of the client's socket; 0 where no process has it any more, None where there is no such connection.

    `table`: what both files hold, one after the other.
    """
    return _column(table, ends, _NUMBER)


def socket_user(table: bytes, ends: Ends) -> int | None:
    """The number of the user to whom the client's socket belongs, None where there is no such connection."""
    return _column(table, ends, _USER)


def _column(table: bytes, ends: Ends, number: int) -> int | None:
    for wanted in _written(ends):
        place = table.find(wanted)
        if place >= 0:
            columns = table[place:].partition(b"\n")[0].split()
            found = columns[number - 1] if len(columns) >= _NUMBER else b""
            return int(found) if found.isdigit() else None
    return None


def _plain(end: object) -> End:
    match end:
        case (str(host), int(port)) | (str(host), int(port), int(), int()):
            address = ipaddress.ip_address(host.partition("%")[0])
        case _:
            raise ValueError(f"not an address with a port: {end!r}")
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return str(address), port


def _written(ends: Ends) -> Iterator[bytes]:
    """How the table may write a connection: between IPv4 addresses it may be a socket's of either family."""
    client, server = (ipaddress.ip_address(end[0]).packed for end in (ends.client, ends.server))
    yield _line(client, ends.client[1], server, ends.server[1])
    if len(client) == len(server) == 4:
        mapped = bytes(10) + b"\xff\xff"
        yield _line(mapped + client, ends.client[1], mapped + server, ends.server[1])


def _line(client: bytes, client_port: int, server: bytes, server_port: int) -> bytes:
    return f" {_words(client)}:{client_port:04X} {_words(server)}:{server_port:04X} ".encode()


def _words(packed: bytes) -> str:
    """Each four bytes of an address as the machine's own number."""
    numbers = (int.from_bytes(packed[at : at + 4], sys.byteorder) for at in range(0, len(packed), 4))
    return "".join(f"{number:08X}" for number in numbers)
