"""From a record, as keys and values, to a document: which value is the text, the id, the date.

A field is named by its key, or by a path: keys joined by `.`, and `[]` after one whose value is a
list, each item of which is gone into (`paragraph[].form`). A key that stands there as it is written
goes before a path.
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pipeline.settings import Clean, Source
from pipeline.sources.records import Failed, Raw, excerpt, too_large

ITEMS = "[]"


@lru_cache(maxsize=1_000)
def steps(path: str) -> tuple[str, ...]:
    """The keys of a path, and `ITEMS` where the items of a list are gone into."""
    found: list[str] = []
    for part in path.split("."):
        key = part.rstrip("[]")
        found += [key] if key else []
        found += [ITEMS] * part[len(key) :].count(ITEMS)
    return tuple(found)


def is_path(name: str) -> bool:
    return "." in name or ITEMS in name


def values_at(record: Mapping[str, Any], name: str) -> Iterator[Any]:
    """The values that a key or path names, in order."""
    if name in record:
        yield record[name]
    elif is_path(name):
        yield from _inside(record, steps(name))


def _inside(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] == ITEMS:
        # what is one thing in some records is a list of them in others
        for item in value if isinstance(value, list) else [value]:
            yield from _inside(item, path[1:])
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _inside(value[path[0]], path[1:])


def text_of(record: Mapping[str, Any], names: str | list[str]) -> str | None:
    """The strings that the names stand for, a line each; None where no string is there."""
    if isinstance(names, str):
        if not is_path(names):
            value = record.get(names)
            return value if isinstance(value, str) else None
        names = [names]
    found = [value for name in names for value in values_at(record, name) if isinstance(value, str)]
    return "\n".join(filter(None, found)) if found else None


def document_of(
    record: Mapping[str, Any],
    shown: str | bytes | bytearray,
    place: str,
    source: Source,
    clean: Clean,
) -> Raw | Failed:
    """The document of a record, or why it is none; `shown` is the record as it was read."""
    fields = source.fields
    identity = scalar(_first(record, fields.id))
    text = text_of(record, fields.text)
    if text is None:
        return Failed("bad_record", place, excerpt(shown), identity)
    if not text or text.isspace():
        return Failed("empty_text", place, "", identity)
    size = len(text) if text.isascii() else len(text.encode())
    if size > clean.max_document_bytes:
        return too_large(place, text, size, clean.max_document_bytes, identity)
    return Raw(
        identity,
        text,
        scalar(_first(record, fields.url)),
        scalar(_first(record, fields.date)),
        meta_json(dict(_meta(record, fields.meta))),
        place,
    )


def _first(record: Mapping[str, Any], name: str) -> Any:
    return next(values_at(record, name), None)


def _meta(record: Mapping[str, Any], names: list[str]) -> Iterator[tuple[str, Any]]:
    """The fields that are there; one whose path names several values has a list of them."""
    for name in names:
        if values := list(values_at(record, name)):
            yield name, values if ITEMS in name and name not in record else values[0]


def scalar(value: object) -> str | None:
    """A string or a number as text; anything else, and nothing, is null."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def meta_json(values: dict[str, Any]) -> str | None:
    """Named values as one JSON object, keys sorted; None where there are none.

    What JSON has no form for (dates, bytes, decimals) is written as Python prints it.
    """
    if not values:
        return None
    return json.dumps(values, ensure_ascii=False, sort_keys=True, default=str)
