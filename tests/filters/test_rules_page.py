"""The documentation names every feature and every rule with its threshold."""

from pathlib import Path

from pipeline.filters.rules import SHIPPED
from pipeline.kernels.feature_list import FEATURES


def test_the_page_is_of_this_version() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
    for feature in FEATURES:
        assert f"| `{feature.name}` |" in page
    for rules in SHIPPED.values():
        for name, rule in rules.items():
            assert f"| `{name}` | `{rule.feature}` {rule.drop_if} {rule.threshold:g} |" in page
