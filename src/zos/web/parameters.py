"""What pages' parameters may be: bounded, and a form's empty field means that nothing was chosen."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import BeforeValidator

from zos.core.topics import TopicKey

NO_NUL = r"^[^\x00]*$"
_MAX_SNOWFLAKE = 2**63 - 1


def _chosen(given: Any) -> Any:
    return None if given == "" else given


CHOSEN = BeforeValidator(_chosen)
"""An empty field is no choice."""

Cursor = Annotated[str | None, Query(max_length=40, pattern=r"^[0-9.]*$"), CHOSEN]
IdCursor = Annotated[str | None, Query(max_length=26, pattern=r"^[0-9A-Za-z]*$"), CHOSEN]
ServerId = Annotated[int | None, Query(ge=1, le=_MAX_SNOWFLAKE), CHOSEN]
Name = Annotated[str | None, Query(max_length=200, pattern=NO_NUL), CHOSEN]
Word = Annotated[str, Path(max_length=100, pattern=NO_NUL)]
InsightId = Annotated[str, Path(max_length=26, pattern=r"^[0-9A-Za-z]*$")]


def _key(topic: Annotated[str, Path(max_length=200, pattern=NO_NUL)]) -> TopicKey:
    return TopicKey.parse(topic)


PathTopic = Annotated[TopicKey, Depends(_key)]
"""A topic's key in the path."""
