"""The parts that the bodies of responses are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ....domain.ids import Timestamp

Time = Annotated[
    str, Field(json_schema_extra={"format": "date-time"}, examples=[Timestamp("2025-12-10T22:00:00.000Z")])
]
By = Annotated[str | None, Field(examples=["anna"])]
"""The name of the token or person that asked for it; omitted in logs from before 0.2."""

Via = Annotated[str | None, Field(examples=["gateway"])]
"""The name of the token that vouches for `by`; omitted where that is its own."""

Count = Annotated[int, Field(ge=0)]
Base64 = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]


class Shape(BaseModel):
    """A JSON object in a response: these members and no others."""

    model_config = ConfigDict(extra="forbid")


class Listing(Shape):
    """A part of a list."""

    total: Count
    limit: Count
    offset: Count


class NamedCodebase(Shape):
    """A codebase, by its id and its present name."""

    id: str
    name: str
