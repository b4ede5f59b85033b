"""Pages of a view: rows, newest first, with their total, from one query and so from one moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..database import Fetch

T = TypeVar("T")


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
    total: str = "(SELECT count(*) FROM {table} WHERE {condition})",
) -> Page[T]:
    """Read a page by these columns, all descending. `where`: values of columns; None matches any value.

    `total`: a query for the number of rows, where one is faster than counting.
    """
    chosen = {column: value for column, value in where.items() if value is not None}
    condition = " AND ".join(("1", *(f"{column} = ?" for column in chosen)))
    by = order.split(", ")
    named = ", ".join(f"{column} AS order_{n}" for n, column in enumerate(by))
    found = await fetch(
        f"SELECT total.n, page.* FROM (SELECT {total.format(table=table, condition=condition)} AS n) AS total"
        f" LEFT JOIN (SELECT {named}, {columns} FROM {table} WHERE {condition}"
        f" ORDER BY {', '.join(f'{column} DESC' for column in by)} LIMIT ? OFFSET ?) AS page"
        f" ORDER BY {', '.join(f'page.order_{n} DESC' for n in range(len(by)))}",
        *chosen.values(),
        *chosen.values(),
        limit,
        offset,
    )
    # Beyond the last page the total still comes, with an empty row.
    rows = tuple(row(*values[1 + len(by) :]) for values in found if values[1] is not None)
    return Page(rows, found[0][0])
