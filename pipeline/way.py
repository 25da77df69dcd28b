"""The steps of the way: where each lies in a run directory, and which command does it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A step of the way: `home` holds its manifest, `owns` all directories it writes."""

    name: str
    home: str
    owns: tuple[str, ...]
    command: str
    packages: tuple[str, ...] = ()  # whose versions decide the bytes
    hashed: bool = False  # small files without a checksum inside: hashed before they are used


_STEPS = (
    Step("benchmarks", "benchmarks", ("benchmarks",), "curate", ("pyarrow",), hashed=True),
    Step(
        "clean",
        "clean",
        ("clean", "signatures", "line_hashes"),
        "curate",
        ("pyarrow", "resiliparse", "google-re2"),
    ),
    Step("dedup", "drops", ("drops",), "curate", ("pyarrow",)),
    Step("assemble", "curated", ("curated", "removed"), "curate", ("pyarrow",)),
    Step("count", "counts", ("counts",), "count", ("pyarrow",)),
    Step(
        "tokenizer",
        "tokenizer",
        ("tokenizer",),
        "tokenizer",
        ("kiwipiepy", "kiwipiepy_model", "sentencepiece"),
        hashed=True,
    ),
    Step("tokenize", "tokens", ("tokens",), "tokenize", ("sentencepiece",)),
    Step("train", "checkpoints", ("checkpoints",), "train"),
    Step("export", "export", ("export",), "export"),
)
STEPS = {step.name: step for step in _STEPS}
