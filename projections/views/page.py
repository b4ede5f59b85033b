"""Pages of a view: some rows, newest first, and how many there are, read in one query and so from one moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..database import Fetch

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`rows` of the page, and the `total` of rows that it was cut from."""

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
    """Read a page by descending `order`. A `where` of None leaves that column free.

    `total`: a query of the number of rows, where there is a quicker one than to count them.
    """
    chosen = {column: value for column, value in where.items() if value is not None}
    condition = " AND ".join(("1", *(f"{column} = ?" for column in chosen)))
    found = await fetch(
        f"SELECT total.n, page.* FROM (SELECT {total.format(table=table, condition=condition)} AS n) AS total"
        f" LEFT JOIN (SELECT {order} AS page_order, {columns} FROM {table} WHERE {condition}"
        f" ORDER BY {order} DESC LIMIT ? OFFSET ?) AS page"
        " ORDER BY page.page_order DESC",
        *chosen.values(),
        *chosen.values(),
        limit,
        offset,
    )
    # Beyond the last page the total still comes, beside a row of nothing.
    rows = tuple(row(*values) for _total, page_order, *values in found if page_order is not None)
    return Page(rows, found[0][0])
