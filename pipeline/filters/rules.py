"""Rules as data: a feature, a comparison, a threshold. A document is removed by the first that fires."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Rule(BaseModel):
    """Remove a document when `feature` is `drop_if` `threshold`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: str
    drop_if: Literal["<", ">"] = Field(description="remove when the feature is below / above")
    threshold: float


KOREAN: dict[str, Rule] = {}
