"""What a plan of bands and rows will find: the detection curve, in figures and on the terminal.

Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4.
"""

import math
from typing import Any

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from pipeline.console import stdout, table
from pipeline.dedup.signatures import signature_schema
from pipeline.kernels.minhash import ANCHOR_CHARS, ANCHOR_EVERY
from pipeline.settings import Dedup

SURE = 0.99
"""A plan that proposes a pair at its threshold less often than this is warned of."""

_SHOWN = (0.8, 0.85, 0.9)
_LEVELS = (0.5, 0.99, 0.999)
_LETTERS = (100, 200, 500, 1000)
_BAR = 40  # characters


def detection_curve(bands: int, rows: int, similarity: np.ndarray | None = None) -> np.ndarray:
    """Probability (float64) that a pair of each Jaccard similarity shares a band, and is proposed.

    1 - (1 - s^rows)^bands; `similarity` is 0, 0.01, ... 1 when it is not given.
    """
    similarity = np.linspace(0, 1, 101) if similarity is None else similarity
    return np.asarray(1 - (1 - similarity**rows) ** bands)


def similarity_at(proposed: float, bands: int, rows: int) -> float:
    """The similarity whose pairs are proposed with this probability: the curve read backwards."""
    return float((-np.expm1(np.log1p(-proposed) / bands)) ** (1 / rows))


def anchor_shared(letters: int) -> float:
    """Probability that a text of so many letters shares an anchor with one that holds it whole.

    Each of its `letters - 31` passages of 32 letters is an anchor where the hash of the shingle it
    begins with is in the lowest 64th of the range; shingles that recur count as if they did not.
    """
    passages = max(0, letters - ANCHOR_CHARS + 1)
    return float(-np.expm1(passages * np.log1p(-1 / ANCHOR_EVERY)))


def explain(settings: Dedup) -> dict[str, Any]:
    """What the settings will find, computed by formula alone; every value is JSON.

    Returns:
        permutations, bands, rows, shingle, threshold, containment: the plan.
        curve: rows {similarity, proposed}, from 0.3 (or the threshold) to 1.
        proposed: the same at the threshold and at 0.8, 0.85 and 0.9.
        similarity_at: rows {proposed, similarity}, where 50 %, 99 % and 99.9 % are proposed.
        standard_error: of an estimate of similarity 0.8 from the share of equal MinHash values.
        anchors: rows {letters, shared}, see `anchor_shared`.
        signature_bytes: of a document, without its anchors; anchor_bytes: of 1,000 letters.
        warnings: sentences, each with its cure.
    """
    bands, rows = settings.bands, settings.rows
    grid = {*np.arange(30, 101, 5) / 100, settings.threshold}
    fixed = [t for t in signature_schema(settings).types if pa.types.is_primitive(t)]
    return {
        "permutations": bands * rows,
        **settings.model_dump(include={"bands", "rows", "shingle", "threshold", "containment"}),
        "curve": _proposed(grid, bands, rows),
        "proposed": _proposed({settings.threshold, *_SHOWN}, bands, rows),
        "similarity_at": [
            {"proposed": level, "similarity": similarity_at(level, bands, rows)}
            for level in _LEVELS
        ],
        "standard_error": math.sqrt(0.8 * 0.2 / (bands * rows)),
        "anchors": [{"letters": n, "shared": anchor_shared(n)} for n in _LETTERS],
        "signature_bytes": sum(t.bit_width // 8 for t in fixed),
        "anchor_bytes": 1000 * 8 / ANCHOR_EVERY,
        "warnings": _warnings(settings),
    }


def _proposed(similarities: set[float], bands: int, rows: int) -> list[dict[str, float]]:
    ordered = np.array(sorted(similarities))
    pairs = zip(ordered.tolist(), detection_curve(bands, rows, ordered).tolist(), strict=True)
    return [{"similarity": similarity, "proposed": proposed} for similarity, proposed in pairs]


def _warnings(settings: Dedup) -> list[str]:
    threshold = settings.threshold
    warnings = []
    proposed = detection_curve(settings.bands, settings.rows, np.array([threshold]))[0]
    if proposed < SURE:
        warnings.append(
            f"of the pairs at the threshold of {threshold:g} only {percent(proposed)} are "
            f"proposed; take more bands or fewer rows{_cure(settings)}"
        )
    if settings.containment < (least := 2 * threshold / (1 + threshold)):
        warnings.append(
            f"a containment of {settings.containment:g} undoes the threshold: two texts of one "
            f"length that are {threshold:g} alike hold {least:.3f} of one another; set it to "
            f"{math.ceil(1000 * least) / 1000:g} or more"
        )
    return warnings


def _cure(settings: Dedup) -> str:
    """The least bands and the most rows, each with the other left as it is, that are enough."""
    bands, rows, threshold = settings.bands, settings.rows, settings.threshold
    in_a_band = threshold**rows
    enough = math.log1p(-SURE) / math.log1p(-in_a_band) if in_a_band else math.inf
    few = math.floor(math.log(-math.expm1(math.log1p(-SURE) / bands)) / math.log(threshold))
    most = Dedup.model_json_schema()["properties"]["bands"]["maximum"]
    cures = [f"bands: {math.ceil(enough)}"] if math.isfinite(enough) and enough <= most else []
    cures += [f"rows: {few}"] if few >= 1 else []
    return f" ({' or '.join(cures)})" if cures else ""


def print_explanation(settings: Dedup, console: Console = stdout) -> None:
    """Print `explain(settings)`: the plan, the curve with a bar a row, and what to beware of."""
    told = explain(settings)
    console.print(table("", ("deduplication", ""), _plan(told)))
    console.print(_curve_table(told))
    for warning in told["warnings"]:
        console.print(f"[yellow]warning:[/yellow] {warning}")


def _plan(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("permutations", f"{told['permutations']} = {told['bands']} bands x {told['rows']} rows"),
        ("shingle", f"{told['shingle']} letters and digits"),
        ("a copy from a similarity (Jaccard) of", f"{told['threshold']:g}"),
        ("a part of another from a share of", f"{told['containment']:g}"),
        *(
            (f"proposed at a similarity of {row['similarity']:g}", percent(row["proposed"]))
            for row in told["proposed"]
        ),
        *(
            (f"similarity of which {row['proposed']:.4g} are proposed", f"{row['similarity']:.3f}")
            for row in told["similarity_at"]
        ),
        ("standard error of an estimate of 0.8", f"{told['standard_error']:.3f}"),
        *(
            (f"a part of {row['letters']:,} letters shares an anchor", percent(row["shared"]))
            for row in told["anchors"]
        ),
        ("bytes of a signature", f"{told['signature_bytes']}"),
        ("and of its anchors, per 1,000 letters", f"{told['anchor_bytes']:g}"),
    ]


def _curve_table(told: dict[str, Any]) -> Table:
    rows = [
        (
            f"{row['similarity']:g}",
            percent(row["proposed"]) if row["similarity"] < 1 else "100 %",
            "█" * int(_BAR * row["proposed"])
            + (" threshold" if row["similarity"] == told["threshold"] else ""),
        )
        for row in told["curve"]
    ]
    made = table("", ("similarity", "proposed", ""), rows)
    made.columns[-1].justify = "left"
    return made


def percent(share: float) -> str:
    """`98.99 %`; what rounds to all is not shown as all."""
    return f"{100 * share:.2f} %" if share <= 0.9999 else "> 99.99 %"
