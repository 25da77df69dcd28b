"""The documentation names every feature and every rule with its threshold."""

from pathlib import Path

import pytest

from pipeline.filters.rules import SHIPPED, Condition
from pipeline.kernels.feature_list import FEATURES

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")


def test_every_feature_is_on_the_page() -> None:
    for feature in FEATURES:
        meaning = feature.meaning.replace("|", "&#124;")
        assert f"| `{feature.name}` | {feature.unit} | {meaning} |" in PAGE


@pytest.mark.parametrize("profile", SHIPPED)
def test_the_page_has_the_rules_of_a_profile(profile: str) -> None:
    section = PAGE.split(f"### Profile `{profile}`\n")[1].split("\n#")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    expected = []
    for name, rule in SHIPPED[profile].items():
        if rule.also is None:
            expected.append(f"| `{name}` | {spelled(rule)} |")
        else:
            expected.append(f"| `{name}` | {spelled(rule)} and {spelled(rule.also)} |")
    assert rows == expected


def spelled(condition: Condition) -> str:
    return f"`{condition.feature}` {condition.drop_if} {condition.threshold:g}"
