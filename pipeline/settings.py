"""The data half of a recipe: cleaning, PII, deduplication, shards; sources are beside it.

Every value has a default. A field's description is its documentation: `malmoi init` prints it
beside the value.
"""

import difflib
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from pipeline.filters.rules import SHIPPED, Rule
from pipeline.source_settings import FieldNames as FieldNames
from pipeline.source_settings import Section as Section
from pipeline.source_settings import Source as Source
from tokenizer.special import ALL_PII_KINDS, PII_KINDS, POLYGLOT_MASKS


class ScoringModel(Section):
    """A stage with the user's own model; its name is the reason code of what it removes."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="the reason code")
    kind: Literal["fasttext", "kenlm"] = Field(
        description="fasttext: probability of `label`; kenlm: perplexity of a token, by lines"
    )
    path: str = Field(description="the model file: .bin or .ftz; .arpa or a KenLM binary")
    label: str = Field("", description="fasttext: the label asked for, without __label__")
    pieces: str | None = Field(
        None, description="kenlm: the SentencePiece model its text was cut with; else eojeol"
    )
    drop_if: Literal["<", ">"] = Field(description="remove when the score is below / above")
    threshold: float = Field(allow_inf_nan=False, description="the score to compare with")


class _Unknown(NamedTuple):
    """A rule that a profile changes or drops and does not have."""

    rule: str
    profile: str


def _completed(rule: str, fields: Any, profile: str) -> Any:
    """A rule as given, what it does not say taken from the shipped rule of its name."""
    shipped = SHIPPED.get(profile, {})
    if rule in shipped and isinstance(fields, dict):
        return {**shipped[rule].model_dump(), **fields}
    if (
        rule in shipped
        or isinstance(fields, Rule)
        or (isinstance(fields, dict) and fields.keys() & {"feature"})
    ):
        return fields
    return _Unknown(rule, profile)


def _known(rule: Any) -> Any:
    if not isinstance(rule, _Unknown):
        return rule
    names = list(SHIPPED.get(rule.profile, {}))
    near = difflib.get_close_matches(rule.rule, names, n=1, cutoff=0.0)
    raise ValueError(
        f"profile '{rule.profile}' has no rule '{rule.rule}'"
        + (f"; the nearest is '{near[0]}'" if near else "")
        + "; a rule of your own needs feature, drop_if and threshold"
    )


RuleOrNone = Annotated[Rule | None, BeforeValidator(_known)]


class Clean(Section):
    unit_bytes: int = Field(
        128_000_000, gt=0, description="input bytes of a work unit (one output shard)"
    )
    batch_bytes: int = Field(16_000_000, gt=0, description="text in memory at once, per worker")
    max_document_bytes: int = Field(
        50_000_000, gt=0, description="a longer document is removed with reason document_too_large"
    )
    max_jamo_run: int = Field(4, ge=2, description="ㅋㅋㅋㅋㅋㅋ is cut to this many")
    max_symbol_run: int = Field(
        8, ge=3, description="runs of one punctuation mark or emoji are cut to this"
    )
    max_expansion: int = Field(
        1_000,
        ge=2,
        description="a compressed file that gives more bytes than this for one of its own is left "
        "with reason decompression_bomb",
    )
    remnants: bool = Field(
        True,
        description="cut what is left of HTML and Markdown in text: tags, comments, images, link "
        "targets, table rules, front matter; code is left alone",
    )
    furniture: bool = Field(
        True, description="cut lines of page furniture: bylines, copyright, share, comment counts"
    )
    models: list[ScoringModel] = Field([], description="the user's own classifiers, asked last")
    profiles: dict[str, dict[str, RuleOrNone]] = Field(
        {},
        validate_default=True,
        description="named sets of rules; under the name of a shipped profile single rules are "
        "changed (a threshold is enough), and null drops one",
    )

    @field_validator("profiles", mode="before")
    @classmethod
    def _with_shipped(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not all(isinstance(r, dict) for r in given.values()):
            return given  # the type's own error says it better
        named = {
            name: {rule: _completed(rule, fields, name) for rule, fields in rules.items()}
            for name, rules in given.items()
        }
        shipped = {name: {**rules, **named.get(name, {})} for name, rules in SHIPPED.items()}
        return {"none": {}, **named, **shipped}

    def rules(self, profile: str) -> dict[str, Rule]:
        """The rules of a profile, in the order they are asked."""
        return {name: rule for name, rule in self.profiles[profile].items() if rule is not None}


class Pii(Section):
    enabled: bool = Field(True, description="false masks nothing")
    kinds: list[str] = Field(
        list(PII_KINDS),
        description="what is masked, each by the token <|kind|>; `name` (persons) can be added",
    )
    masks: dict[str, Literal["acc", "tel", "rrn"]] = Field(
        {},
        description="kinds that get one of Polyglot-Ko's three tokens instead of their own, such "
        "as card: acc",
    )

    @field_validator("kinds", "masks")
    @classmethod
    def _known(cls, kinds: Any) -> Any:
        for kind in kinds:
            if kind not in ALL_PII_KINDS:
                raise ValueError(f"'{kind}' is none of {', '.join(ALL_PII_KINDS)}")
        return kinds

    @field_validator("masks")
    @classmethod
    def _further(cls, masks: dict[str, str]) -> dict[str, str]:
        for kind in set(masks) & set(POLYGLOT_MASKS):
            raise ValueError(f"'{kind}' is one of the three itself; leave it out")
        return masks

    @property
    def tokens(self) -> list[str]:
        """The kinds whose tokens can stand in masked text."""
        return sorted({self.masks.get(kind, kind) for kind in self.kinds})


class Lines(Section):
    """Boilerplate lines: those that stand in very many kept documents of one source."""

    enabled: bool = Field(True, description="false leaves all lines")
    documents: int = Field(
        100,
        ge=2,
        description="a line goes when so many kept documents of its source hold it",
    )
    share: float = Field(
        0.01, ge=0, le=1, description="and at least this share of the source's kept documents"
    )
    anywhere: float = Field(
        0.5,
        gt=0,
        description="share of the documents from which a Korean line goes from inside them; below "
        "it lines go only at the head and foot",
    )
    min_chars: int = Field(
        8, ge=1, description="letters and digits; shorter lines stay however common"
    )
    exempt: list[str] = Field(
        [
            "이 법은 공포한 날부터 시행한다.",
            "이 영은 공포한 날부터 시행한다.",
            "이 규칙은 공포한 날부터 시행한다.",
            "이 훈령은 발령한 날부터 시행한다.",
            "그러므로 상고를 기각하기로 하여 관여 법관의 일치된 의견으로 주문과 같이 판결한다.",
            "그러므로 상고를 기각하고 상고비용은 패소자의 부담으로 하여 관여 법관의 일치된 "
            "의견으로 주문과 같이 판결한다.",
            "그러므로 상고를 기각하고 상고비용은 패소자의 부담으로 하기로 하여 관여 법관의 일치된 "
            "의견으로 주문과 같이 판결한다.",
            "그러므로 상고를 기각하고 상고비용은 패소자가 부담하기로 하여 관여 대법관의 일치된 "
            "의견으로 주문과 같이 판결한다.",
            "읽어주셔서 감사합니다.",
        ],
        description="lines that stay however common; spacing and punctuation make no difference",
    )


class Dedup(Section):
    enabled: bool = Field(True, description="false keeps copies")
    shingle: int = Field(5, ge=1, description="characters (letters and digits) in a shingle")
    bands: int = Field(
        25, ge=1, le=100, description="documents that agree in one of them are compared"
    )
    rows: int = Field(5, ge=1, description="MinHash values in a band")
    threshold: float = Field(
        0.8, gt=0, le=1, description="Jaccard similarity from which a document is a copy"
    )
    containment: float = Field(
        0.9,
        gt=0,
        le=1,
        description="share of a document's shingles in another from which it is a part of it",
    )
    contained_shingles: int = Field(
        100, ge=1, description="a document of fewer different shingles is no part of another"
    )
    seed: int = Field(1, description="of the MinHash permutations")
    lines: Lines = Field(Lines(), description="boilerplate: lines that very many documents hold")
    against: list[str] = Field(
        [],
        description="earlier run directories: their documents stay, what is like one of them goes",
    )


class Benchmark(Section):
    """A benchmark's items: one JSON object a line, told apart by `id` or the line's number."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="stands in the report and in reasons"
    )
    paths: list[str] = Field(min_length=1, description="globs of JSONL files (.gz, .zst too)")
    questions: list[str] = Field(
        [], description="fields that are asked; an object or list in one is read through"
    )
    passages: list[str] = Field([], description="fields that hold source text, judged apart")


class Decontaminate(Section):
    enabled: bool = Field(False, description="needs `benchmarks`")
    benchmarks: list[Benchmark] = Field([], description="what documents are compared with")
    ngram: int = Field(13, ge=4, description="characters (letters and digits) in an n-gram")
    question_overlap: float = Field(
        0.7, gt=0, le=1, description="share of a question's n-grams that makes a hit"
    )
    passage_overlap: float = Field(0.5, gt=0, le=1, description="the same, of a passage's")
    action: Literal["remove", "cut"] = Field(
        "remove",
        description="remove the document, or cut the lines that overlap, of very long lines the "
        "sentences",
    )

    @model_validator(mode="after")
    def _has_benchmarks(self) -> "Decontaminate":
        if self.enabled and not self.benchmarks:
            raise ValueError(
                "enabled without `benchmarks`; name them with their files, or switch it off"
            )
        return self


class Shards(Section):
    validation: float = Field(
        0.01, ge=0, lt=1, description="share of documents held out, by keyed hash of the id"
    )
    bytes: int = Field(
        1 << 30,
        ge=1,
        description="a source's token shards are of about this size, and of less at its end; "
        "both GPT-NeoX and Megatron-LM like 1 to 2 GiB",
    )
