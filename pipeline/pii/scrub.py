"""Masking as a filter over JSON lines: what `malmoi scrub` runs."""

import codecs
from collections.abc import Collection, Iterable, Iterator

import orjson

from pipeline.pii.detect import detect
from pipeline.pii.mask import replace
from tokenizer.special import PII_KINDS


def scrub_lines(
    lines: Iterable[bytes], kinds: Collection[str] = PII_KINDS, spans_only: bool = False
) -> Iterator[bytes]:
    """For each line `{"id", "text"}` a line `{"id", "text", "spans": [{"start", "end", "type"}]}`.

    The text that comes out is masked; offsets are code points of the text that went in, ends
    exclusive. `spans_only` leaves the text out. A line that is no such object gives `{"error",
    "line"}` (its number, from 1) without anything of its content. Blank lines are passed over.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line.removeprefix(codecs.BOM_UTF8) if number == 1 else line)
        except orjson.JSONDecodeError:
            yield _error("not valid JSON", number)
            continue
        if not isinstance(record, dict) or not isinstance(record.get("text"), str):
            yield _error("not an object with a string `text`", number)
            continue
        text = record["text"]
        spans = detect(text, kinds)
        found = [{"start": span.start, "end": span.end, "type": span.kind} for span in spans]
        masked = {} if spans_only else {"text": replace(text, spans)}
        yield orjson.dumps(
            {"id": record.get("id"), **masked, "spans": found}, option=orjson.OPT_APPEND_NEWLINE
        )


def _error(reason: str, number: int) -> bytes:
    return orjson.dumps({"error": reason, "line": number}, option=orjson.OPT_APPEND_NEWLINE)
