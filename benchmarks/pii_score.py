"""Precision and recall of found spans against labelled ones.

A prediction is right when its kind is right and intersection over union with a labelled span is at
least 0.5; matching is one to one, the greatest overlap first. Labelled spans of other kinds than
`KINDS` are neutral: a prediction that lies mostly on one is left out.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from benchmarks.pii_texts import KINDS

THRESHOLD = 0.5


class Place(NamedTuple):
    """A kind and where it lies: code points, the end exclusive."""

    start: int
    end: int
    kind: str


class Score(NamedTuple):
    """Counts by kind, and what was found in texts that hold nothing to find."""

    right: Counter[str]
    wrong: Counter[str]
    missed: Counter[str]
    negatives: Counter[str]
    negative_bytes: int

    def kinds(self) -> list[str]:
        return [kind for kind in KINDS if self.right[kind] + self.missed[kind] + self.wrong[kind]]

    def rates(self, kinds: Sequence[str]) -> tuple[float, float, float]:
        """(precision, recall, F1) over `kinds` together."""
        right, wrong, missed = (
            sum(counts[kind] for kind in kinds) for counts in (self.right, self.wrong, self.missed)
        )
        f1 = 2 * right / (2 * right + wrong + missed) if right else 0.0
        return right / max(1, right + wrong), right / max(1, right + missed), f1

    def macro_f1(self) -> float:
        """Mean F1 of the kinds that the labelled texts hold."""
        held = [kind for kind in self.kinds() if self.right[kind] + self.missed[kind]]
        return sum(self.rates([kind])[2] for kind in held) / max(1, len(held))

    def negatives_per_mb(self) -> float:
        """False positives per MB of UTF-8 of the texts that hold nothing to find."""
        return self.negatives.total() / max(1e-9, self.negative_bytes / 1e6)


def score(records: Iterable[dict[str, Any]], found: Iterable[Iterable[Place]]) -> Score:
    """The score of the places `found` in each of `records` (see `pii_texts`), in their order."""
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    negatives, negative_bytes = Counter[str](), 0
    for record, places in zip(records, found, strict=True):
        labelled = [Place(span["start"], span["end"], span["type"]) for span in record["spans"]]
        core = [place for place in labelled if place.kind in KINDS]
        neutral = [place for place in labelled if place.kind not in KINDS]
        live = [place for place in dict.fromkeys(places) if _counts(place, core, neutral)]
        matched = pairs(live, core)
        right.update(live[i].kind for i, _ in matched)
        wrong.update(_others(live, {i for i, _ in matched}))
        missed.update(_others(core, {j for _, j in matched}))
        if record.get("neg"):
            negatives.update(place.kind for place in live)
            negative_bytes += len(record["text"].encode())
    return Score(right, wrong, missed, negatives, negative_bytes)


def pairs(live: list[Place], core: list[Place]) -> list[tuple[int, int]]:
    """Indices of predictions and labelled spans that belong together."""
    candidates = sorted(
        (-overlap, i, j)
        for i, place in enumerate(live)
        for j, gold in enumerate(core)
        if place.kind == gold.kind and (overlap := iou(place, gold)) >= THRESHOLD
    )
    found: list[tuple[int, int]] = []
    for _, i, j in candidates:
        if all(i != other and j != taken for other, taken in found):
            found.append((i, j))
    return found


def iou(a: Place, b: Place) -> float:
    """Intersection over union of two spans."""
    shared = min(a.end, b.end) - max(a.start, b.start)
    return max(0, shared) / (max(a.end, b.end) - min(a.start, b.start))


def _counts(place: Place, core: list[Place], neutral: list[Place]) -> bool:
    """Whether a prediction is judged: neither of a neutral kind nor on a neutral span."""
    if place.kind not in KINDS:
        return False
    if any(iou(place, gold) >= THRESHOLD for gold in core):
        return True
    shared = sum(max(0, min(place.end, n.end) - max(place.start, n.start)) for n in neutral)
    return shared <= (place.end - place.start) / 2


def _others(places: list[Place], taken: set[int]) -> list[str]:
    return [place.kind for index, place in enumerate(places) if index not in taken]
