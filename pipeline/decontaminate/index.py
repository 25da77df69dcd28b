"""The index of benchmark items: hashes of what is looked for, and whose they are. No text."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline import storage
from pipeline.decontaminate.items import PARTS
from pipeline.kernels.overlap import Probes, Table, fill_bloom
from tokenizer.errors import CorruptFileError

_VERSION = 1


@dataclass(frozen=True)
class Index:
    """What `build_index` makes.

    A probe is a text of a part (equal texts are one), or the pieces of an item together; probe p
    stands for the items `probe_items[probe_bounds[p]:probe_bounds[p + 1]]`.
    """

    ngram: int
    thresholds: dict[str, float]  # by part
    shortest: int  # canonical characters of the shortest piece and the longest; 0 without pieces
    longest: int
    benchmarks: tuple[str, ...]
    totals: list[dict[str, Any]]  # benchmark, part, items, too_short
    item_names: list[str]
    arrays: dict[str, np.ndarray] = field(repr=False)

    @property
    def n_items(self) -> int:
        return len(self.item_names)

    @property
    def n_grams(self) -> int:
        """Distinct n-grams."""
        return len(self.arrays["gram_keys"])

    @property
    def n_probes(self) -> int:
        return len(self.arrays["needed"])

    @cached_property
    def grams(self) -> Table:
        return self._table("gram")

    @cached_property
    def pieces(self) -> Table:
        return self._table("piece")

    @cached_property
    def probes(self) -> Probes:
        return Probes(_readonly(self.arrays["needed"]), _readonly(self.arrays["reach"]))

    def items_of(self, probe: int) -> np.ndarray:
        """Numbers of the items of a probe, ascending."""
        bounds = self.arrays["probe_bounds"]
        return self.arrays["probe_items"][bounds[probe] : bounds[probe + 1]]

    def part_of(self, probe: int) -> str:
        return PARTS[self.arrays["part"][probe]]

    def benchmark_of(self, item: int) -> str:
        return self.benchmarks[self.arrays["item_benchmark"][item]]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 in hex of all that the index holds."""
        digest = hashlib.sha256(self._header())
        for name in sorted(self.arrays):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(self.arrays[name]).tobytes())
        return digest.hexdigest()

    def save(self, path: str) -> None:
        """Write the index to one Arrow IPC file: one row, a list for each array."""
        columns = {
            name: pa.LargeListArray.from_arrays(
                pa.array([0, len(array)], pa.int64()), pa.array(array)
            )
            for name, array in sorted(self.arrays.items())
        }
        table = pa.table(columns).replace_schema_metadata({"malmoi.index": self._header()})
        with storage.write_atomic(path) as out, pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)

    @classmethod
    def load(cls, path: str) -> "Index":
        """Read what `save` wrote. CorruptFileError for anything else."""
        try:
            table = pa.ipc.open_file(pa.BufferReader(storage.read_bytes(path))).read_all()
            header = json.loads((table.schema.metadata or {})[b"malmoi.index"])
            if header.pop("version") != _VERSION:
                raise KeyError("version")
            arrays = {
                name: table[name].chunk(0).flatten().to_numpy() for name in table.column_names
            }
            return cls(**{**header, "benchmarks": tuple(header["benchmarks"])}, arrays=arrays)
        except (pa.ArrowException, KeyError, ValueError, TypeError) as error:
            raise CorruptFileError(
                f"{path}: not an index of benchmarks of this version ({error}); delete it, it is "
                "built again"
            ) from error

    def _header(self) -> bytes:
        header = {
            "version": _VERSION,
            "ngram": self.ngram,
            "thresholds": self.thresholds,
            "shortest": self.shortest,
            "longest": self.longest,
            "benchmarks": list(self.benchmarks),
            "totals": self.totals,
            "item_names": self.item_names,
        }
        return json.dumps(header, ensure_ascii=False, sort_keys=True).encode()

    def _table(self, kind: str) -> Table:
        keys, bounds, postings = (
            _readonly(self.arrays[f"{kind}_{name}"]) for name in ("keys", "bounds", "postings")
        )
        bloom = np.zeros(_power_of_two(len(keys) / 4), np.uint64)  # 16 bits a key
        fill_bloom(keys, bloom)
        n_buckets = _power_of_two(len(keys))
        high = np.arange(n_buckets, dtype=np.uint64) << np.uint64(65 - n_buckets.bit_length())
        buckets = np.append(np.searchsorted(keys, high), len(keys)).astype(np.int64)
        return Table(keys, bounds, postings, bloom, buckets)


def _readonly(array: np.ndarray) -> np.ndarray:
    """As arrays of a loaded index are, so that the kernels are compiled once."""
    view = array.view()
    view.flags.writeable = False
    return view


def _power_of_two(least: float) -> int:
    """The smallest power of two from `least` up, 2 at the least."""
    return 1 << max(int(np.ceil(np.log2(max(least, 1)))), 1)
