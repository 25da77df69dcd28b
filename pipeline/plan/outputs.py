"""Bytes of the files of a run of the whole input."""

from collections.abc import Mapping

from pipeline.plan.extrapolate import BY_COPIES, Estimate
from pipeline.plan.measure import Measured
from pipeline.plan.scaling import Line

GROWS_WITH = {
    "clean": "clean_bytes",
    "signatures": "clean_bytes",
    "line_hashes": "clean_bytes",
    "removed_in_clean": "rejected_bytes",
    "drops": "copied_bytes",
    "curated": "curated_bytes",
    "removed": "removed_bytes",
    "removed_lines": "curated_bytes",
    "counts": "distinct_eojeol",
}
"""What the bytes of each folder grow with."""

_INDEX = 20  # bytes of a document in the index of a token shard


def output_bytes(
    measured: Measured,
    eighth: Mapping[str, int],
    small: Mapping[str, float],
    drivers: Mapping[str, Estimate],
    units_ratio: float,
) -> dict[str, Estimate]:
    """Bytes by folder (`measure.FOLDERS`).

    Args:
        eighth: those of the run on an eighth of the sample.
        small: what that run has of each driver.
        drivers: estimates of the whole.
    """
    found = {}
    for folder, name in GROWS_WITH.items():
        size, driver = float(measured.bytes[folder]), drivers.get(name)
        if size and driver is not None:
            line = Line.through((small[name], float(eighth[folder])), (driver.sample, size))
            found[folder] = line.at(driver, units_ratio, size, f"with {name.replace('_', ' ')}")
    size = float(measured.bytes["tokenizer"])
    found["tokenizer"] = Estimate(size, size, size, size, "the same for any input")
    found["tokens"] = _token_shards(measured, drivers)
    return found


def _token_shards(measured: Measured, drivers: Mapping[str, Estimate]) -> Estimate:
    tokens, documents = drivers["token_count"], drivers["curated_documents"]
    value, low, high = (
        measured.item_bytes * getattr(tokens, name) + _INDEX * getattr(documents, name)
        for name in ("value", "low", "high")
    )
    return Estimate(value, low, high, float(measured.bytes["tokens"]), BY_COPIES)
