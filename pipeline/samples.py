"""The few documents of each source and rule that the report shows, chosen by hash."""

import hashlib
from typing import Any

import pyarrow as pa

from pipeline.documents import REMOVED

SAMPLE_CHARS = 400
SAMPLES_EACH = 3

_COLUMNS = [name for name in REMOVED.names if name != "text"]


class SampleKeeper:
    """Keeps, of all rows offered, those with the least hashed ids for each (source, rule)."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def offer(self, batch: pa.RecordBatch, rule: str | None = None) -> None:
        """Consider the rows of a batch of REMOVED, or of kept documents under the name `rule`."""
        columns = {name: batch[name] for name in batch.schema.names if name in _COLUMNS}
        rules = None if rule else batch["rule"].to_pylist()
        sources = batch["source"].to_pylist()
        for row, identity in enumerate(batch["id"].to_pylist()):
            order = hashlib.blake2b((identity or "").encode(), digest_size=8).hexdigest()
            name = rules[row] if rules else str(rule)
            kept = self._kept.setdefault((sources[row], name), [])
            if len(kept) == SAMPLES_EACH and order >= kept[-1]["order"]:
                continue
            sample = {name: column[row].as_py() for name, column in columns.items()}
            text = (batch["text"][row].as_py() or "")[:SAMPLE_CHARS]
            kept.append({**sample, "rule": name, "text": text, "order": order})
            kept.sort(key=lambda sample: sample["order"])
            del kept[SAMPLES_EACH:]

    def rows(self) -> list[dict[str, Any]]:
        """The samples, by source and rule."""
        return [row for _, rows in sorted(self._kept.items()) for row in rows]
