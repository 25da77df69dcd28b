"""Which keys of records hold the text, the id, the address and the date."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.init.places import is_personal
from pipeline.settings import FieldNames

Record = dict[str, Any]

_HANGUL = re.compile("[가-힣]")
_TAGS = re.compile(r"<(p|div|br|span|table|li|h[1-6]|html|body|article)\b[^>]*>", re.IGNORECASE)
_DATE = re.compile(r"(19|20)\d\d[-./년]? ?[01]?\d[-./월]? ?[0-3]?\d.{0,20}")
_DATES = ("date", "published", "created", "regdate", "time", "날짜", "작성", "일자")
_IDS = ("id", "_id", "uid", "docid", "doc_id", "document_id", "article_id", "no", "seq", "번호")
_DEPTH = 4
_SECOND = 0.4
"""A key whose values have at least this share of the Korean of the first one's is text too."""


@dataclass(frozen=True)
class Keys:
    """What was found: the fields of the source, and all keys of the first record."""

    fields: FieldNames
    first: list[str]
    is_html: bool


def hangul(text: str) -> int:
    return len(_HANGUL.findall(text))


def choose(records: Sequence[Record], nested: bool) -> Keys:
    """The fields of records, `nested` where a reader goes into objects and lists.

    The text is what holds most Hangul; where none holds any, most characters. Keys that are a
    personal value themselves are not told.
    """
    values: dict[str, list[Any]] = {}
    for record in records:
        for path, value in _leaves(record, "", nested):
            values.setdefault(path, []).append(value)
    for path, personal in zip(list(values), is_personal(values), strict=True):
        if personal:
            del values[path]
    texts = {path: [v for v in found if isinstance(v, str)] for path, found in values.items()}
    weights = {path: sum(map(hangul, found)) for path, found in texts.items() if any(found)}
    if not any(weights.values()):
        weights = {path: sum(map(len, texts[path])) for path in weights}
    chosen = _texts(weights, texts) if weights else ["text"]
    others = {
        path: found for path, found in values.items() if path not in chosen and "[]" not in path
    }
    fields = FieldNames(
        text=chosen[0] if len(chosen) == 1 else chosen,
        id=_id(others, len(records)) or "id",
        url=_url(others) or "url",
        date=_date(others) or "date",
    )
    sample = texts.get(chosen[0], [])
    marked = sum(len(_TAGS.findall(text)) > 1 for text in sample)
    first = list(records[0]) if records else []
    told = zip(first, is_personal(first), strict=True)
    return Keys(fields, [key for key, personal in told if not personal], marked * 2 > len(sample))


def _leaves(value: Any, path: str, nested: bool) -> Iterator[tuple[str, Any]]:
    """(path, value) of what is neither object nor list; keys that look like paths are left out."""
    if isinstance(value, dict) and (not path or nested) and path.count(".") < _DEPTH:
        for key, item in value.items():
            if isinstance(key, str) and key and "." not in key and "[" not in key:
                yield from _leaves(item, f"{path}.{key}" if path else key, nested)
    elif isinstance(value, list):
        for item in value if nested else ():
            yield from _leaves(item, f"{path}[]", nested)
    elif path:
        yield path, value


def _texts(weights: dict[str, int], texts: dict[str, list[str]]) -> list[str]:
    """The key of the text, and those beside it that hold nearly as much of another text."""
    best = max(weights, key=lambda path: weights[path])
    chosen = [best]
    for path, weight in weights.items():
        if path == best or weight < _SECOND * weights[best]:
            continue
        known = Counter(text for one in chosen for text in texts[one])
        again = sum(known[text] > 0 for text in texts[path])
        if again * 2 < len(texts[path]) and len(chosen) < 4:  # no second form of the same
            chosen.append(path)
    return [path for path in weights if path in chosen]


def _id(values: dict[str, list[Any]], count: int) -> str | None:
    """The key that looks like an id and has another value in each record."""
    for path, found in sorted(values.items(), key=lambda item: item[0].count(".")):
        name = path.rpartition(".")[2].lower()
        scalar = [
            v for v in found if isinstance(v, str | int) and not isinstance(v, bool) and v != ""
        ]
        is_one = name in _IDS or name.endswith(("_id", "id", "_no"))
        if is_one and len(set(scalar)) == len(scalar) == count:
            return path
    return None


def _url(values: dict[str, list[Any]]) -> str | None:
    for path, found in values.items():
        links = [v for v in found if isinstance(v, str) and v.startswith(("http://", "https://"))]
        if links and len(links) * 2 > len(found):
            return path
    return None


def _date(values: dict[str, list[Any]]) -> str | None:
    for path, found in values.items():
        name = path.rpartition(".")[2].lower()
        dated = [v for v in found if _DATE.fullmatch(str(v).strip())]
        if any(word in name for word in _DATES) and found and len(dated) * 2 > len(found):
            return path
    return None
