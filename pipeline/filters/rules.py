"""Rules as data: a feature, a comparison, a threshold. The first that fires removes a document."""

from difflib import get_close_matches
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_serializer,
    model_validator,
)

from pipeline.filters.profiles import PROFILES
from pipeline.kernels.feature_list import FEATURE_NAMES, FEATURES

UNITS = {feature.name: feature.unit for feature in FEATURES}
Mask = npt.NDArray[np.bool_]


class Condition(BaseModel):
    """A feature is `drop_if` `threshold`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: str = Field(description="what is measured; see docs/rules.md")
    drop_if: Literal["<", ">"] = Field(description="remove when the feature is below / above")
    threshold: float = Field(allow_inf_nan=False, description="the value to compare with")
    unit: str | None = Field(
        None, description="what the threshold is meant in; it must be the feature's own unit"
    )

    @field_validator("feature")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in FEATURE_NAMES:
            near = get_close_matches(name, FEATURE_NAMES, n=1, cutoff=0.0)
            raise ValueError(f"there is no feature {name!r}; the nearest name is {near[0]!r}")
        return name

    @model_validator(mode="after")
    def _measured_in(self) -> "Condition":
        own = UNITS[self.feature]
        if self.unit is not None and self.unit != own:
            count = next((f"; {n!r} counts {u}" for n, u in UNITS.items() if u == self.unit), "")
            raise ValueError(
                f"{self.feature!r} is measured in {own!r}, not in {self.unit!r}"
                + ("" if self.unit == "share" else count)
            )
        return self

    @model_serializer(mode="wrap")
    def _without_defaults(self, serialise: Any) -> dict[str, Any]:
        return {key: value for key, value in serialise(self).items() if value is not None}


class Rule(Condition):
    """Remove a document when the condition holds, and that of `also` where there is one."""

    also: Condition | None = Field(None, description="a second condition that must hold as well")


SHIPPED: dict[str, dict[str, Rule]] = {
    profile: {name: Rule.model_validate(rule) for name, rule in rules.items()}
    for profile, rules in PROFILES.items()
}
"""The profiles of `profiles.py`, checked."""


class Verdict(NamedTuple):
    """What `judge` found for n documents."""

    rule_index: npt.NDArray[np.int16]  # [n] of the rule that fired, in the order given; -1: kept
    value: npt.NDArray[np.float64]  # [n] the feature's value; NaN where kept
    threshold: npt.NDArray[np.float64]  # [n] NaN where kept


def judge(features: pa.StructArray, rules: dict[str, Rule]) -> Verdict:
    """Apply `rules` in order to the features of `measure`; the first that fires decides.

    Value and threshold are those of the rule's own feature, not of its second condition.
    """
    n = len(features)
    verdict = Verdict(np.full(n, -1, np.int16), np.full(n, np.nan), np.full(n, np.nan))
    for index, rule in enumerate(rules.values()):
        fires = holds(features, rule) & (verdict.rule_index < 0)
        verdict.rule_index[fires] = index
        verdict.value[fires] = column(features, rule.feature)[fires]
        verdict.threshold[fires] = rule.threshold
    return verdict


def holds(features: pa.StructArray, condition: Condition) -> Mask:
    """bool[n]: whether the condition holds, at the precision of the features.

    Of a rule with a second condition, whether both do.
    """
    values, limit = column(features, condition.feature), np.float32(condition.threshold)
    found = values < limit if condition.drop_if == "<" else values > limit
    if isinstance(condition, Rule) and condition.also is not None:
        found &= holds(features, condition.also)
    return found


def column(features: pa.StructArray, name: str) -> npt.NDArray[np.float32]:
    """float32[n]: the values of one feature."""
    return features.field(name).to_numpy(zero_copy_only=False)
