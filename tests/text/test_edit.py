from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import edit as stages
from pipeline.text.edit import ALL_EDIT_RULES, edit_batch, explain_text
from pipeline.text.edits import Edit, apply
from pipeline.text.remnants import REMNANT_RULES

LIMITS = {"max_jamo_run": 4, "max_symbol_run": 8}
PIECES = st.sampled_from(
    [
        "가나다", "글. ", "12", "  ", "\n", "\n\n\n", "\t", "ㅋㅋㅋㅋㅋㅋ", "!!!!!!!!!!",
        "&lt;b&gt;", "&amp;", "<p>", "</p>", "<br>", "<!--", "-->", "<div class='x'>", "[말](http://a.b)",
        "![](x.png)", "**", "# ", "---\n", "| a | b |\n", "```\n", "¾È³çÇÏ¼¼¿ä", "ì•ˆë…•", "\u200b",
        "\u0301", "각", "❤️", "２",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map("".join)


def edited(texts: list[str | None], html: bool = False, remnants: bool = True) -> stages.Edited:
    column = pa.array(texts, pa.string())
    return edit_batch(column, html=html, remnants=remnants, **LIMITS)


@settings(deadline=None, max_examples=150)
@given(st.lists(TEXTS, max_size=4), st.booleans(), st.booleans())
def test_the_explanation_applied_is_the_batch(texts: list[str], html: bool, remnants: bool) -> None:
    done = edited(texts, html, remnants)
    assert done.failed == frozenset()
    seen = Counter[str]()
    for text, result in zip(texts, done.texts.to_pylist(), strict=True):
        rounds = explain_text(text, html=html, remnants=remnants, **LIMITS)
        for stage, edits in rounds:
            assert stage in ("html", "mojibake", "remnants", "normal")
            text = apply(text, edits)
        assert text == result
        rules = [edit.rule for _, edits in rounds for edit in edits]
        seen.update(rule for rule in rules if rule in REMNANT_RULES)  # counted by edit
        seen.update(set(rules) - REMNANT_RULES.keys())  # by document
    assert seen == done.counts
    assert seen.keys() <= ALL_EDIT_RULES.keys()


def test_each_stage_has_its_turn() -> None:
    text = "<p>¾È³çÇÏ¼¼¿ä &amp;amp;lt;  여러분</p>"
    assert edited([text], html=True).texts.to_pylist() == ["안녕하세요 &amp;lt; 여러분"]
    rounds = explain_text(text, html=True, remnants=True, **LIMITS)
    assert [stage for stage, _ in rounds][:2] == ["html", "mojibake"]
    assert edited(["<b>굵게</b>"], remnants=False).texts.to_pylist() == ["<b>굵게</b>"]
    assert edited(["<b>굵게</b>"], remnants=True).texts.to_pylist() == ["굵게"]


def test_nulls_are_empty_and_an_empty_column_is_fine() -> None:
    assert edited([None, "가  나"]).texts.to_pylist() == ["", "가 나"]
    assert edited([None], html=True).texts.to_pylist() == [""]
    assert edited([]).texts.to_pylist() == []


@pytest.mark.parametrize("stage", ["repair_batch", "strip_remnants", "extract_batch"])
def test_only_the_document_on_which_a_stage_fails_is_lost(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = getattr(stages, stage)

    def failing(texts: pa.StringArray) -> stages.Column:
        if any("독" in text for text in texts.to_pylist()):
            raise RuntimeError("poisoned")
        return sound(texts)

    monkeypatch.setattr(stages, stage, failing)
    texts = ["가  나", "독", "다", "라  마", "독 둘", "바"]
    done = edited(texts, html=True)
    assert done.failed == {1, 4}
    assert done.texts.to_pylist() == ["가 나", "", "다", "라 마", "", "바"]


def test_what_fails_on_nothing_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="max_symbol_run"):
        edit_batch(
            pa.array([], pa.string()), html=False, remnants=False, max_jamo_run=4, max_symbol_run=1
        )


def test_edits_out_of_order_are_refused() -> None:
    assert apply("abc", [Edit("spaces", 0, 1, ""), Edit("spaces", 3, 3, "!")]) == "bc!"
    for wrong in ([Edit("spaces", 2, 1, "")], [Edit("spaces", 0, 9, "")]):
        with pytest.raises(ValueError, match="spaces"):
            apply("abc", wrong)
    with pytest.raises(ValueError, match="overlap"):
        apply("abc", [Edit("spaces", 0, 2, ""), Edit("spaces", 1, 3, "")])
