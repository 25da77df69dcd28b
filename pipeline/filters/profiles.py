"""The shipped profiles: for each kind of text the rules and thresholds that fit it.

Thresholds were set by reading documents on both sides of them, of each kind. They take what is
certainly no Korean text and leave the rest to deduplication and to the user's own models. Names of
rules are reason codes and stay. `short` stands alone; the others say what they change in `korean`.
"""

from typing import Any

Fields = dict[str, Any]  # of a `rules.Rule`


def _below(feature: str, threshold: float, also: Fields | None = None) -> Fields:
    rule = {"feature": feature, "drop_if": "<", "threshold": threshold}
    return {**rule, "also": also} if also else rule


def _above(feature: str, threshold: float, also: Fields | None = None) -> Fields:
    return {**_below(feature, threshold, also), "drop_if": ">"}


def _with(profile: dict[str, Fields], changes: dict[str, Fields | None]) -> dict[str, Fields]:
    """A profile with some rules changed, dropped (None) or added at the end."""
    return {name: rule for name, rule in {**profile, **changes}.items() if rule is not None}


KOREAN: dict[str, Fields] = {
    "too_short": _below("n_chars", 10),
    "fragment": _below("n_chars", 50, _below("sentence_share", 0.5)),
    "not_korean": _below("hangul_share", 0.07),
    "foreign_script": _above("kana_share", 0.15),
    "mostly_hanja": _above("han_share", 0.85),  # mixed script of the 1920s reaches 0.8
    "broken_encoding": _above("replacement_share", 0.005),
    "jamo_noise": _above("jamo_share", 0.2),  # threads of comments reach 0.06
    "symbols": _above("symbol_share", 0.5),
    "digits": _above("digit_share", 0.5),
    "one_character": _above("longest_run_share", 0.3),  # eight dots in a text of 27
    "repeated_lines": _above("duplicate_line_share", 0.6),
    "repeated_words": _above("top_eojeol_share", 0.35),  # a link given three times makes 0.31
    "repeated_phrases": _above("duplicate_ngram_share", 0.7),
    "links": _above("url_share", 0.6),
    "spam_density": _above("spam_share", 0.08),  # a petition against such pages has 0.05
    "teasers": _above("ellipsis_line_share", 0.5, _above("n_lines", 9)),
    # short lines without a sentence are a menu or verse: verse has particles, 0.5 and more
    "menu_page": _above("menu_line_share", 0.95, _below("particle_share", 0.35)),
    "few_sentences": _below("sentence_share", 0.03, _below("particle_share", 0.3)),
    "few_particles": _below("particle_share", 0.1, _above("n_eojeol", 9)),  # keyword lists
}

SHORT: dict[str, Fields] = {
    "too_short": _below("n_chars", 3),
    "not_korean": _below("hangul_share", 0.2),
    "foreign_script": _above("kana_share", 0.15),
    "broken_encoding": _above("replacement_share", 0.005),
    "jamo_noise": _above("jamo_share", 0.7),  # two syllables and ㅋㅋㅋㅋ make 0.67
    "symbols": _above("symbol_share", 0.75),
    "one_character": _above("longest_run_share", 0.75),  # three syllables and eight dots: 0.73
    "repeated_words": _above("top_eojeol_share", 0.6),
    "links": _above("url_share", 0.5),
    "spam_density": _above("spam_share", 0.3),
}

LAW = _with(
    KOREAN,
    {
        "symbols": _above("symbol_share", 0.6),  # tables drawn with lines, and XML
        "digits": _above("digit_share", 0.6),  # tables in a judgment: 0.52
        "repeated_lines": _above("duplicate_line_share", 0.8),  # a judgment quotes the one below
        "repeated_phrases": _above("duplicate_ngram_share", 0.8),  # as do the tables of a statute
        "menu_page": _above("menu_line_share", 0.98, _below("sentence_share", 0.05)),
        "few_sentences": _below("sentence_share", 0.03, _below("particle_share", 0.15)),
    },
)

LITERATURE = _with(
    KOREAN,
    {
        "fragment": None,
        "not_korean": _below("hangul_share", 0.05),
        "foreign_script": _above("kana_share", 0.2),  # loan words of the 1920s in kana: 0.15
        "teasers": None,
        "menu_page": None,  # lines of verse are short
        "few_sentences": None,  # and end without a sentence
        "few_particles": None,  # in mixed script few eojeol hold Hangul
    },
)

TECHNICAL = _with(
    KOREAN,
    {
        "not_korean": _below("hangul_share", 0.02),  # notebooks of long code and JSON have 0.02
        # English pages in a Korean frame have 0.01 to 0.05, and sentences where those have code
        "foreign_prose": _below("hangul_share", 0.05, _above("sentence_share", 0.3)),
        "one_character": _above("longest_run_share", 0.5),
        "repeated_lines": _above("duplicate_line_share", 0.75),  # code is shown again and again
        "repeated_words": _above("top_eojeol_share", 0.5),  # long names
        "repeated_phrases": _above("duplicate_ngram_share", 0.9),
        "links": _above("url_share", 0.8),
        "menu_page": _above("menu_line_share", 0.95, _below("sentence_share", 0.1)),
        "few_particles": _below("particle_share", 0.1, _below("sentence_share", 0.05)),
    },
)

PROFILES: dict[str, dict[str, Fields]] = {
    "korean": KOREAN,
    "short": SHORT,
    "law": LAW,
    "literature": LITERATURE,
    "technical": TECHNICAL,
}
