"""The forms an answer may take. Ranges are validated here; references against the material's own.

Validate with `model_validate(data, context={"refs": material.refs})`: an unknown reference is an error.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from zos.insights.model import Valence

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class Statement(BaseModel):
    """One statement with the references it rests on."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=600)
    sources: list[str] = Field(min_length=1, max_length=40)

    @field_validator("text")
    @classmethod
    def _one_line(cls, text: str) -> str:
        return " ".join(text.split())

    @field_validator("sources")
    @classmethod
    def _known(cls, sources: list[str], info: ValidationInfo) -> list[str]:
        refs = (info.context or {}).get("refs", frozenset())
        unknown = [ref for ref in sources if ref not in refs]
        if unknown:
            raise ValueError(f"unknown source references: {', '.join(unknown)}")
        return list(dict.fromkeys(sources))


class Reflection(BaseModel):
    """What a model understood about one topic. No statements: it had nothing to say."""

    model_config = ConfigDict(extra="forbid")

    statements: list[Statement] = Field(max_length=20)
    confidence: Fraction = 0.5
    importance: Fraction = 0.5
    novelty: Fraction = 0.5
    strength_adjustment: float = Field(1.0, ge=0.1, le=10.0)
    valence: dict[Valence, Fraction] | None = None
    open_questions: list[str] = Field(default_factory=list, max_length=10)
    subject: str | None = Field(
        None, max_length=60, description="One subject talked about, an existing name first"
    )
    supersedes: str | None = Field(
        None, description="Reference of the insight that this one replaces"
    )
    conflicts_with: list[str] = Field(
        default_factory=list, description="References of insights it contradicts"
    )

    @field_validator("supersedes")
    @classmethod
    def _known_insight(cls, ref: str | None, info: ValidationInfo) -> str | None:
        if ref is not None and not _is_known_insight(ref, info):
            raise ValueError(f"unknown insight reference: {ref}")
        return ref

    @field_validator("conflicts_with")
    @classmethod
    def _known_insights(cls, refs: list[str], info: ValidationInfo) -> list[str]:
        for ref in refs:
            if not _is_known_insight(ref, info):
                raise ValueError(f"unknown insight reference: {ref}")
        return refs


class SelfConcept(BaseModel):
    """A new text of the self-concept, and why it changed. An empty text: leave it as it is."""

    model_config = ConfigDict(extra="forbid")

    content: str = Field(max_length=12_000)
    reason: str = Field("", max_length=600)


def _is_known_insight(ref: str, info: ValidationInfo) -> bool:
    return ref.startswith("i") and ref in (info.context or {}).get("refs", frozenset())
