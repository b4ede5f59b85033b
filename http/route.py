"""A route: one address of the API as data. `routes` has the table of all of them."""

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel

from ..domain.errors import LedgerError
from .access.limited import DECIDED, Limited
from .api.service import ServiceHandler
from .web.bodies import RequestBody
from .web.errors import TooManyReads
from .web.parameters import WORDS, Parameter
from .web.security import Access

API: Final = "/v1/opencode"
"""What the addresses of the API begin with."""

Errors: TypeAlias = tuple[type[LedgerError], ...]

Model: TypeAlias = type[BaseModel]
"""The shape of a JSON object."""

Tag: TypeAlias = Literal["Codebases", "Agent", "Permissions", "Sessions", "Tasks", "Audit", "System"]
"""The groups in which the OpenAPI document lists the operations."""


@dataclass(frozen=True)
class Media:
    """A response that isn't JSON. `also`: other media types, sent to a client that asks for one of them.

    `streamed`: its headers aren't known before its body. `for_people`: only a browser needs it, so the OpenAPI document
    leaves it out. `frame`: the shape of each event of a stream, if they aren't those of the log.
    """

    type: str
    description: str
    also: tuple[str, ...] = ()
    _: KW_ONLY
    streamed: bool = False
    for_people: bool = False
    frame: Model | None = None


@dataclass(frozen=True)
class Route:
    """One address, one method, one handler, and the shapes of its request and response.

    `query`: its parameters. `also`: responses with other statuses than 200 that are no errors. `errors`: the errors that
    only this route has (see `faults` for the others). `needs`: the access it requires, if not the default of its method.
    `views`: `shown` where its response is made from the views, so that it names its position; `cached` where its JSON also
    depends only on the address and the log.
    """

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    handler: ServiceHandler
    answer: type[BaseModel] | Media
    body: type[RequestBody] | None = None
    _: KW_ONLY
    tag: Tag
    query: tuple[Parameter, ...] = ()
    also: Mapping[int, type[BaseModel] | None] = field(default_factory=dict[int, "type[BaseModel] | None"])
    errors: Errors = ()
    needs: Access | None = None
    views: Literal["shown", "cached"] | None = None

    @property
    def repeatable(self) -> bool:
        """Whether it takes an `Idempotency-Key`: the log then keeps its response. Not for signing in, whose response is secret."""
        return self.method == "POST" and self.access != "open"

    @property
    def recorded(self) -> bool:
        """Whether a GET is recorded, so that it makes the log longer. How often one caller may send it is limited."""
        return TooManyReads in self.errors

    @property
    def searches(self) -> bool:
        """Whether it searches the texts of all codebases, so that its time could reveal foreign ones: see `steady`."""
        return WORDS in self.query

    @property
    def has_head(self) -> bool:
        """Whether HEAD works too. Not for responses that are streamed."""
        return self.method == "GET" and not (isinstance(self.answer, Media) and self.answer.streamed)

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that it serves: its own, and HEAD where that works too."""
        return (self.method, "HEAD") if self.has_head else (self.method,)

    @property
    def address(self) -> str:
        """Its path without the patterns of its parameters, as OpenAPI writes it."""
        return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", self.path)

    @property
    def access(self) -> Access:
        """The access that a caller needs: by default the scope `read` for GET, and `operate` for all other methods."""
        return self.needs or ("read" if self.method == "GET" else "operate")

    @property
    def limited(self) -> Limited:
        """What a token gets here that is limited to codebases."""
        if self.access == "open":
            return "same"
        return "own" if "{codebase_id}" in self.path else DECIDED.get((self.method, self.address), "refused")

    @property
    def is_described(self) -> bool:
        """Whether the OpenAPI document has it: all but the pages for people and their files."""
        return not (isinstance(self.answer, Media) and self.answer.for_people)
