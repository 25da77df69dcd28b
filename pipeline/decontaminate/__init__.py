"""Keeping benchmarks out of the corpus.

`items` reads them, `build` hashes them into an `index`, `find` looks for them in a batch of texts,
`cut` takes them out of one, `apply` decides about the documents of a batch and counts.
"""

from pipeline.decontaminate.apply import (
    Counted,
    Decontaminated,
    count,
    decontaminate,
    merge,
    summarise,
)
from pipeline.decontaminate.build import build_index
from pipeline.decontaminate.find import Hits, find
from pipeline.decontaminate.index import Index
from pipeline.decontaminate.items import Item, Items, benchmark_files, read_items

__all__ = [
    "Counted",
    "Decontaminated",
    "Hits",
    "Index",
    "Item",
    "Items",
    "benchmark_files",
    "build_index",
    "count",
    "decontaminate",
    "find",
    "merge",
    "read_items",
    "summarise",
]
