"""The data half of a recipe: sources, cleaning, PII, deduplication, shards.

Every value has a default. A field's description is its documentation: `malmoi init` prints it
beside the value.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline.filters.rules import SHIPPED, Rule
from tokenizer.special import PII_KINDS


class Section(BaseModel):
    """A part of the recipe: typed, unchangeable, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldNames(Section):
    """Which field of the input holds what; a field that is absent is null."""

    id: str = "id"
    text: str = "text"
    url: str = "url"
    date: str = "date"
    meta: list[str] = Field([], description="further fields, kept together as one JSON object")


class Source(Section):
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="names the output files")
    paths: list[str] = Field(
        min_length=1,
        description="globs, local (from the recipe's folder) or gs://, s3://, hdfs://; "
        "$VARIABLES are filled in",
    )
    format: Literal["jsonl", "text", "html"] = Field(
        "jsonl",
        description="jsonl (.gz, .zst too), text (one document a file), html (a page a file)",
    )
    markup: Literal["none", "html"] | None = Field(
        None, description="what the text holds: html is extracted; by default what the format says"
    )
    fields: FieldNames = FieldNames()
    encoding: str = Field("auto", description="auto: UTF-8, else the page's own word, else CP949")
    profile: str = Field(
        "korean",
        description="which rules judge it: korean (pages), short (chat, reviews), none, or "
        "one of clean.profiles",
    )
    priority: int = Field(0, description="of two copies the one from the higher priority is kept")
    weight: float = Field(1.0, gt=0, description="times it is seen in an epoch of training")
    licence: str | None = None

    @property
    def is_html(self) -> bool:
        return (self.markup or ("html" if self.format == "html" else "none")) == "html"


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
    profiles: dict[str, dict[str, Rule | None]] = Field(
        {},
        validate_default=True,
        description="named sets of rules; under the name of a shipped profile (korean, short) "
        "single rules are changed, and null drops one",
    )

    @field_validator("profiles")
    @classmethod
    def _with_shipped(
        cls, given: dict[str, dict[str, Rule | None]]
    ) -> dict[str, dict[str, Rule | None]]:
        shipped = {name: {**rules, **given.get(name, {})} for name, rules in SHIPPED.items()}
        return {"none": {}, **given, **shipped}

    def rules(self, profile: str) -> dict[str, Rule]:
        """The rules of a profile, in the order they are asked."""
        return {name: rule for name, rule in self.profiles[profile].items() if rule is not None}


class Pii(Section):
    enabled: bool = True
    kinds: list[str] = Field(
        list(PII_KINDS), description="what is masked; each becomes the token <|kind|>"
    )

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: list[str]) -> list[str]:
        for kind in kinds:
            if kind not in PII_KINDS:
                raise ValueError(f"'{kind}' is none of {', '.join(PII_KINDS)}")
        return kinds


class Dedup(Section):
    enabled: bool = True
    shingle: int = Field(5, ge=1, description="characters (letters and digits) in a shingle")
    bands: int = Field(25, ge=1)
    rows: int = Field(5, ge=1, description="MinHash values in a band")
    threshold: float = Field(
        0.8, gt=0, le=1, description="Jaccard similarity from which a document is a copy"
    )
    seed: int = Field(1, description="of the MinHash permutations")


class Decontaminate(Section):
    enabled: Literal[False] = Field(
        False, description="benchmark overlap; there is no benchmark index in this version"
    )


class Shards(Section):
    validation: float = Field(
        0.01, ge=0, lt=1, description="share of documents held out, by keyed hash of the id"
    )
