"""Every rule of a profile beside a document's features: what it asks, by how much it passes."""

from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.filters import models
from pipeline.filters.rules import UNITS, Condition, Rule, holds, judge
from pipeline.settings import ScoringModel


def rule_rows(features: pa.StructArray, rules: dict[str, Rule]) -> list[dict[str, Any]]:
    """A row for each rule, in the order they are asked.

    `value` is the feature's, `margin` how far it is on the side that stays (less than 0: on the
    other), `fires` whether the rule would remove the document, `decided` whether it did: the first
    that fires. `also` has the same of the second condition.
    """
    decided = int(judge(features, rules).rule_index[0])
    return [
        {
            "rule": name,
            **_condition(features, rule),
            **({"also": _condition(features, rule.also)} if rule.also else {}),
            "fires": bool(holds(features, rule)[0]),
            "decided": number == decided,
        }
        for number, (name, rule) in enumerate(rules.items())
    ]


def _condition(features: pa.StructArray, condition: Condition) -> dict[str, Any]:
    value = float(features.field(condition.feature)[0].as_py())
    limit = float(np.float32(condition.threshold))  # at the precision of the features, as judged
    alone = Condition(**condition.model_dump(include={"feature", "drop_if", "threshold"}))
    return {
        "feature": condition.feature,
        "unit": UNITS[condition.feature],
        "value": value,
        "drop_if": condition.drop_if,
        "threshold": condition.threshold,
        "margin": value - limit if condition.drop_if == "<" else limit - value,
        "holds": bool(holds(features, alone)[0]),
    }


def model_rows(text: str, asked: list[ScoringModel]) -> list[dict[str, Any]]:
    """What each of the user's models says of a text that every rule kept, until one removes it.

    Raises RecipeError where a library, a file or a label is missing.
    """
    rows: list[dict[str, Any]] = []
    for model in asked:
        score = models.score(pa.array([text], pa.string()), model)
        fires = bool(models.fires(score, model)[0])
        rows.append(
            {
                "model": model.name,
                "kind": model.kind,
                "value": float(score[0]),
                "drop_if": model.drop_if,
                "threshold": model.threshold,
                "decided": fires,
            }
        )
        if fires:
            break
    return rows
