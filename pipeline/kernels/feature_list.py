"""The features of a document by name: what rules can speak of. Measured by `features.measure`.

`share` is a number from 0 to 1. Characters are code points; unless the meaning says otherwise a
share is one of all characters that are not white space. An eojeol is a run of such characters; a
line is what stands between newlines and is not blank.
"""

from typing import NamedTuple


class Feature(NamedTuple):
    name: str
    unit: str  # characters | eojeol | lines | share
    meaning: str


SHORT_LINE = 12
NGRAM = 4

FEATURES: tuple[Feature, ...] = (
    Feature("n_chars", "characters", "code points, white space included"),
    Feature("n_eojeol", "eojeol", "whitespace-separated words"),
    Feature("n_lines", "lines", "lines that are not blank"),
    Feature("mean_eojeol_length", "characters", "characters in an eojeol, on average"),
    Feature("mean_line_length", "characters", "characters in a line, on average"),
    Feature("hangul_share", "share", "Hangul syllables and conjoining jamo"),
    Feature("jamo_share", "share", "single jamo as in ㅋㅋ or ㅠㅠ"),
    Feature("han_share", "share", "Hanja and other Han ideographs"),
    Feature("kana_share", "share", "hiragana and katakana"),
    Feature("latin_share", "share", "Latin letters"),
    Feature("digit_share", "share", "decimal digits"),
    Feature("symbol_share", "share", "punctuation, symbols, emoji"),
    Feature("replacement_share", "share", "U+FFFD, what is left of undecodable bytes"),
    Feature("longest_run_share", "share", "the longest run of one character"),
    Feature(
        "short_line_share", "share", f"lines with fewer than {SHORT_LINE} characters, of all lines"
    ),
    Feature(
        "sentence_end_share",
        "share",
        "lines that end like a sentence (다 요 까 … or . ? !), of all lines",
    ),
    Feature(
        "sentence_share", "share", "characters in lines that hold or end a sentence (다. 요. 까?)"
    ),
    Feature("bullet_line_share", "share", "lines that start with a bullet, of all lines"),
    Feature("ellipsis_line_share", "share", "lines that end in … or ..., of all lines"),
    Feature(
        "menu_line_share",
        "share",
        "lines of 3 eojeol or short items between | · > /, no sentence, of all lines",
    ),
    Feature(
        "duplicate_line_share", "share", "characters in lines that stood before in the document"
    ),
    Feature(
        "particle_share",
        "share",
        "eojeol ending in a common particle or ending, of those holding Hangul",
    ),
    Feature(
        "top_eojeol_share", "share", "repeats of the one eojeol that repeats most, by characters"
    ),
    Feature(
        "duplicate_ngram_share", "share", f"characters in runs of {NGRAM} eojeol that stood before"
    ),
    Feature("url_share", "share", "characters of http://, https:// and www. addresses"),
    Feature("spam_share", "share", "characters in spam terms, the first one found left out"),
)

FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
