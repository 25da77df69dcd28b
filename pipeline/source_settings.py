"""The settings of a source: which files, of which format, and where in a record the text is."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    """A part of the recipe: typed, unchangeable, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldNames(Section):
    """Which field of the input holds what; a field that is absent is null."""

    id: str = Field("id", description="the document's own name; without it a hash of its text")
    text: str | list[str] = Field(
        "text",
        min_length=1,
        description="a key or column, or several, whose texts are joined by newlines; in JSON "
        "`a.b[].c` goes into objects and lists",
    )
    url: str = Field("url", description="where it was found")
    date: str = Field("date", description="of what time it is, as it is written there")
    meta: list[str] = Field([], description="further fields, kept together as one JSON object")

    @property
    def texts(self) -> list[str]:
        return [self.text] if isinstance(self.text, str) else self.text


class Source(Section):
    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        max_length=100,
        description="names the output files",
    )
    paths: list[str] = Field(
        min_length=1,
        description="globs, local (from the recipe's folder) or gs://, s3://, hdfs://; "
        "$VARIABLES are filled in",
    )
    format: Literal["jsonl", "json", "csv", "tsv", "parquet", "text", "lines", "html", "warc"] = (
        Field(
            "jsonl",
            description="jsonl, json (a file is one JSON value), csv, tsv (with a header), "
            "parquet, text (a document a file), lines (a document a line), html (a page a file), "
            "warc; .gz and .zst of each but parquet",
        )
    )
    records: str = Field(
        "[]",
        description="json: where in a file the documents are, as `document[]` or "
        "`data[].paragraphs[]`; `[]`: the items of the outer list",
    )
    markup: Literal["none", "html"] | None = Field(
        None, description="what the text holds: html is extracted; by default what the format says"
    )
    fields: FieldNames = Field(FieldNames(), description="which key or column holds what")
    encoding: str = Field("auto", description="auto: UTF-8, else the page's own word, else CP949")
    profile: str = Field(
        "korean",
        description="which rules judge it: korean (pages), short (chat, reviews), law, literature, "
        "technical, none, or one of clean.profiles",
    )
    priority: int = Field(
        0,
        ge=-32_768,
        le=32_766,
        description="of two copies the one from the higher priority is kept",
    )
    weight: float = Field(1.0, gt=0, description="times it is seen in an epoch of training")
    licence: str | None = Field(None, description="stands in the report and on the cards")

    @model_validator(mode="after")
    def _can_be_read(self) -> "Source":
        if self.format == "parquet" and len(self.fields.texts) > 1:
            raise ValueError("format parquet takes its text from one column; name one")
        if self.format != "json" and self.records != "[]":
            raise ValueError(f"`records` is for format json, not for {self.format}; leave it out")
        return self

    @property
    def is_html(self) -> bool:
        return (self.markup or ("html" if self.format in ("html", "warc") else "none")) == "html"
