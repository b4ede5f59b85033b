"""Pages of a view: rows in order, with their total, from one query and so from one moment."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

import orjson

from ...domain.ids import CodebaseId
from ..database import Fetch

T = TypeVar("T")

Only: TypeAlias = AbstractSet[CodebaseId] | None
"""The codebases that a caller may see; None for all."""

AMONG: Final = "codebase_id IN (SELECT value FROM json_each(?))"
"""The condition that a row belongs to one of some codebases: see `among`."""


def among(only: AbstractSet[CodebaseId]) -> str:
    """The value for `AMONG`."""
    return orjson.dumps(sorted(only)).decode()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The `rows` of a page, and the `total` number of rows."""

    rows: tuple[T, ...]
    total: int


async def select_page(
    fetch: Fetch,
    row: Callable[..., T],
    *,
    columns: str,
    table: str,
    order: str,
    where: Mapping[str, str | None],
    limit: int,
    offset: int,
    only: Only = None,
    descending: bool = True,
    total: str = "(SELECT count(*) FROM {table} WHERE {condition})",
) -> Page[T]:
    """Read a page in the order of these columns. `where`: values of columns; None matches any value.

    `only`: rows of these codebases. `total`: a query for the number of rows, where one is faster than counting.
    """
    chosen = {f"{column} = ?": value for column, value in where.items() if value is not None}
    chosen |= {} if only is None else {AMONG: among(only)}
    condition = " AND ".join(("1", *chosen))
    direction, by = "DESC" if descending else "ASC", order.split(", ")
    named = ", ".join(f"{column} AS order_{n}" for n, column in enumerate(by))
    found = await fetch(
        f"SELECT total.n, page.* FROM (SELECT {total.format(table=table, condition=condition)} AS n) AS total"
        f" LEFT JOIN (SELECT {named}, {columns} FROM {table} WHERE {condition}"
        f" ORDER BY {', '.join(f'{column} {direction}' for column in by)} LIMIT ? OFFSET ?) AS page"
        f" ORDER BY {', '.join(f'page.order_{n} {direction}' for n in range(len(by)))}",
        *chosen.values(),
        *chosen.values(),
        limit,
        offset,
    )
    # Beyond the last page the total still comes, with an empty row.
    rows = tuple(row(*values[1 + len(by) :]) for values in found if values[1] is not None)
    return Page(rows, found[0][0])
