"""Mistakes that are planted into the event streams: see `mistakes`."""

# pyright: reportPrivateUsage=false

from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from opencode_ledger.http.streams import cursor
from opencode_ledger.http.streams.cursor import cursor_of
from opencode_ledger.http.streams.fanout import LiveStream
from opencode_ledger.http.streams.overview_board import OverviewBoard
from opencode_ledger.http.streams.stream import EventStreams

Planted = AbstractContextManager[Any]


def overview_held_back() -> Planted:
    def since(self: OverviewBoard, revision: int) -> Any:
        return changed(self, revision)[:-1]

    changed = OverviewBoard.since
    return patch.object(OverviewBoard, "since", since)


def lost_at_the_seam() -> Planted:
    follow = LiveStream.follow

    async def careless(self: LiveStream, subscriber: Any) -> None:
        subscriber.position = max(subscriber.position, self._last)
        await follow(self, subscriber)

    return patch.object(LiveStream, "follow", careless)


def doubled_at_the_seam() -> Planted:
    send = LiveStream._send

    def careless(self: LiveStream, events: Any, session: Any, followers: Any) -> Any:
        for subscriber in followers:
            subscriber.position = min(subscriber.position, events[0].sequence - 1)
        return send(self, events, session, followers)

    return patch.object(LiveStream, "_send", careless)


def page_without_its_last_event() -> Planted:
    read = EventStreams._read

    async def short(self: EventStreams, codebase: Any, subscriber: Any, limit: int) -> Any:
        page = await read(self, codebase, subscriber, limit)
        return page[:-1] if len(page) == limit else page

    return patch.object(EventStreams, "_read", short)


def forgotten_cursor() -> Planted:
    def forgotten(request: Any) -> Any:
        return None if cursor_of([], request.query.getall("last_event_id", [])) is None else 0

    return patch.object(cursor, "_cursor", forgotten)
