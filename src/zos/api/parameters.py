"""What routes' parameters may be: bounded, so that no value of theirs can upset a database."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import Field

from zos.core.topics import TopicKey
from zos.members.model import IN_DIGITS
from zos.views.page import MAX_LIMIT

NO_NUL = r"^[^\x00]*$"
_NUMBERS = r"^[0-9.]*$"
_LETTERS = r"^[0-9A-Za-z]*$"
_MAX_SNOWFLAKE = 2**63 - 1
_KEY = "server:81384788765712384:channel:381870553235193857"

Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Items on the page")]
Cursor = Annotated[
    str, Field(max_length=40, pattern=_NUMBERS, description="The cursor: `next_cursor` of a page")
]
Id = Annotated[
    str,
    Field(max_length=26, pattern=_LETTERS, description="An id, also as the cursor of a page"),
]
Snowflake = Annotated[int, Field(ge=1, le=_MAX_SNOWFLAKE), IN_DIGITS]
ServerId = Annotated[Snowflake, Field(description="The server")]
Name = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
TopicText = Annotated[str, Field(max_length=200, pattern=NO_NUL, examples=[_KEY])]
Words = Annotated[
    str, Query(min_length=1, max_length=500, pattern=NO_NUL, examples=["tomato seedlings"])
]
InsightId = Annotated[
    str, Path(max_length=26, pattern=_LETTERS, examples=["01KAF2W8G0T5YQ7WVJ7T8W2C4D"])
]


def _key(topic: Annotated[TopicText, Path(description="A topic's key")]) -> TopicKey:
    return TopicKey.parse(topic)


PathTopic = Annotated[TopicKey, Depends(_key)]
