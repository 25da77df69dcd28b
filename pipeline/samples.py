"""The few documents of each source and rule that the report shows, chosen by hash."""

import zlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
        if not batch.num_rows:
            return
        rules = pa.repeat(pa.scalar(rule), batch.num_rows) if rule else batch["rule"]
        kinds = pc.binary_join_element_wise(batch["source"], rules, "\0").dictionary_encode()
        codes = kinds.indices.to_numpy()
        orders = np.array(
            [
                zlib.crc32(identity.encode())
                for identity in pc.fill_null(batch["id"], "").to_pylist()
            ]
        )
        for code, kind in enumerate(kinds.dictionary.to_pylist()):
            source, _, name = kind.partition("\0")
            rows = np.flatnonzero(codes == code)
            kept = self._kept.setdefault((source, name), [])
            for row in rows[np.argsort(orders[rows], kind="stable")[:SAMPLES_EACH]].tolist():
                kept.append(_sample(batch, row, name, f"{orders[row]:08x}"))
            kept.sort(key=lambda sample: (sample["order"], sample["id"] or ""))
            del kept[SAMPLES_EACH:]

    def rows(self) -> list[dict[str, Any]]:
        """The samples, by source and rule."""
        return [row for _, rows in sorted(self._kept.items()) for row in rows]


def _sample(batch: pa.RecordBatch, row: int, rule: str, order: str) -> dict[str, Any]:
    values = {name: batch[name][row].as_py() for name in batch.schema.names if name in _COLUMNS}
    text = (batch["text"][row].as_py() or "")[:SAMPLE_CHARS]
    return {**values, "rule": rule, "text": text, "order": order}
