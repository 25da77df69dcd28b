"""A prediction as tables for people."""

from collections.abc import Iterator, Mapping

from rich.console import Console

from pipeline import console
from pipeline.plan.cluster import HOUR
from pipeline.plan.extrapolate import Estimate
from pipeline.plan.predict import MFU, Prediction
from pipeline.plan.prices import SOURCES
from pipeline.plan.sizes import show_bytes

_LABELS = {
    "documents": "documents read",
    "clean_documents": "after clean",
    "curated_documents": "curated documents",
    "raw_bytes": "input, decompressed",
    "clean_bytes": "text after clean",
    "curated_bytes": "curated text",
    "eojeol": "eojeol",
    "distinct_eojeol": "different eojeol",
    "used_eojeol": "of them for the tokenizer",
    "token_count": "tokens",
}

_FAR = 200
"""Times the sample from which on a word on copies is due."""

_HEADER = ("", "in the sample", "predicted", "from", "to")


def show(prediction: Prediction, out: Console | None = None) -> None:
    """Print what was measured, what is predicted and how."""
    out = out or console.stdout
    scale = prediction.scale
    rows = [
        (
            one.source,
            show_bytes(one.raw),
            show_bytes(one.read),
            show_bytes(one.sampled),
            one.records,
        )
        for one in prediction.taken
    ]
    out.print(console.table("The sample", ("source", "bytes", "read", "taken", "records"), rows))
    out.print(
        f"{show_bytes(scale.raw_sampled)} of {show_bytes(scale.raw)}: the whole is "
        f"{scale.whole:,.1f} times as large, in {scale.units:,} units of work"
    )
    corpus = {name: prediction.corpus[name] for name in _LABELS if name in prediction.corpus}
    rows_of = [(_LABELS[name], *_cells(name, one), one.how) for name, one in corpus.items()]
    out.print(console.table("\nWhat becomes of it", (*_HEADER, "scaled by"), rows_of))
    if scale.whole > _FAR:
        out.print(
            f"a pair of copies is one in the sample once in {scale.whole**2:,.0f} times: what they "
            "leave of so much input is known within the range alone; a larger sample tells more",
            soft_wrap=True,
        )
    out.print(console.table("\nCore-hours", _HEADER, _with_total(prediction.seconds)))
    out.print(console.table("\nMemory of a worker", _HEADER, _sized(prediction.memory)))
    moved = {
        **{f"shuffled: {name.replace('_', ' ')}": one for name, one in prediction.shuffled.items()},
        **{f"scratch of {name}": one for name, one in prediction.scratch.items()},
    }
    out.print(console.table("\nBetween the steps", _HEADER, _sized(moved)))
    out.print(console.table("\nFiles of the run", _HEADER, _sized(prediction.outputs)))
    _show_money(prediction, out)
    _show_training(prediction, out)


def _show_money(prediction: Prediction, out: Console) -> None:
    prices = prediction.prices
    rows = [
        (
            one.name,
            one.machines,
            f"{one.hours.value:,.2f}",
            f"{one.hours.low:,.2f} to {one.hours.high:,.2f}",
            f"{one.tokenizer_hours.value:,.2f}",
            f"{one.cost.value:,.2f}",
            f"{one.cost.low:,.2f} to {one.cost.high:,.2f}",
        )
        for one in prediction.clusters
    ]
    header = ("", "machines", "hours", "range", "tokenizer, hours", prices.currency, "range")
    out.print(console.table("\nOn a cluster", header, rows))
    out.print(
        f"at {prices.vcpus} vCPUs and {prices.memory_gb:g} GB a machine; Dataflow "
        f"{prices.dataflow_vcpu_hour:g} a vCPU-hour, {prices.dataflow_gb_hour:g} a GB-hour "
        f"({SOURCES['dataflow']}); a machine {prices.machine_hour:g} an hour "
        f"({SOURCES['machine']}); {prices.utilisation:.0%} of the time at work; a vCPU "
        f"{prices.core_speed:g} of a core here. Defaults to be set by --price or --prices; storage "
        "and network are not in it",
        soft_wrap=True,
    )


def _show_training(prediction: Prediction, out: Console) -> None:
    rows = [
        (
            row["model"],
            f"{row['flops']:.3g}",
            *(f"{row[gpu]:,.1f}" for gpu in row if gpu not in ("model", "flops")),
        )
        for row in prediction.gpu_days
    ]
    kinds = [name for name in prediction.gpu_days[0] if name not in ("model", "flops")]
    header = ("model", "FLOPs", *(f"{kind}, days" for kind in kinds))
    out.print(console.table("\nOne pass over the tokens on one GPU", header, rows))
    out.print(f"if {MFU:.0%} of a GPU's FLOPs are reached; share the days out over the GPUs")


def _cells(name: str, one: Estimate) -> tuple[str, str, str, str]:
    shown = show_bytes if name.endswith("bytes") else show_count
    return shown(one.sample), shown(one.value), shown(one.low), shown(one.high)


def _sized(estimates: Mapping[str, Estimate]) -> Iterator[tuple[str, ...]]:
    for name, one in estimates.items():
        yield (name.replace("_", " "), *_cells("bytes", one))


def _with_total(seconds: Mapping[str, Estimate]) -> Iterator[tuple[str, ...]]:
    for name, one in seconds.items():
        yield (name, *(show_hours(value) for value in (one.sample, one.value, one.low, one.high)))
    parts = list(seconds.values())
    sums = (sum(getattr(one, name) for one in parts) for name in ("sample", "value", "low", "high"))
    yield ("all", *map(show_hours, sums))


def show_hours(seconds: float) -> str:
    """`0.0123`, `1.23`, `1,230`: hours to three figures."""
    hours = seconds / HOUR
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.3g}"


def show_count(count: float) -> str:
    """`1,234`, `12.3 million`, `1.23 billion`."""
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if count >= size:
            return f"{count / size:.3g} {name}"
    return f"{count:,.0f}"
