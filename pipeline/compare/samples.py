"""A few documents of each change, with what each run says of them; masked."""

from typing import Any

from pipeline.compare.documents import REWRITTEN, Joined
from pipeline.explain.passages import differences
from pipeline.explain.run import Run
from pipeline.explain.shown import Shown, masked_id
from pipeline.parquet import read_row
from pipeline.samples import SAMPLE_CHARS

_TOLD = ("step", "rule", "value", "threshold", "similarity")


def samples(a: Run, b: Run, joined: Joined) -> list[dict[str, Any]]:
    """Rows {change, step, rule, id, source, text, a, b, differences}.

    `step` and `rule` are those that tell of the change, `a` and `b` what each run stored ({kept,
    step, rule, value, threshold, similarity, duplicate_of}, None where the document is not in its
    input), `text` the document's beginning, and `differences`, of documents kept with other texts,
    the passages that differ.
    """
    rows = []
    for (change, state), chosen in sorted(joined.samples.items()):
        step, rule = joined.names.states[state]
        for one in chosen:
            left, right = _stored(a, one.a), _stored(b, one.b)
            document = right or left or {}
            shown = Shown(document["text"] or "")
            other = Shown(left["text"]) if left and change == REWRITTEN else None
            rows.append(
                {
                    "change": change,
                    "step": step or None,
                    "rule": rule or None,
                    "id": masked_id(document["id"]),
                    "source": document["source"],
                    "text": shown.beginning(SAMPLE_CHARS),
                    "a": _told(left),
                    "b": _told(right),
                    "differences": other and differences(other.whole, shown.whole),
                }
            )
    return rows


def _stored(run: Run, place: tuple[str, int] | None) -> dict[str, Any] | None:
    return None if place is None else read_row(run.path(place[0]), place[1])


def _told(row: dict[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    told = {name: row.get(name) for name in _TOLD}
    witness = masked_id(row.get("duplicate_of"))
    return {"kept": row.get("rule") is None, **told, "duplicate_of": witness}
