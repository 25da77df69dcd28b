"""Hours and money on Dataflow and on a Flink of one's own, from core-hours and prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.plan.extrapolate import Estimate
from pipeline.plan.prices import Prices
from trainer.config import PRESETS, ModelConfig
from trainer.plan import GPUS, flops_per_token

HOUR = 3600.0
CURATE = ("clean", "dedup", "assemble")
GRAPHS = {"clean": 1, "assemble": 1, "count": 2, "tokenize": 2}
"""Graphs of a step, each of which an engine starts anew; of `dedup` they are counted."""


@dataclass(frozen=True)
class Cluster:
    """Hours that `machines` work, and what they cost; `tokenizer_hours` on one machine after."""

    name: str
    machines: int
    hours: Estimate
    cost: Estimate
    tokenizer_hours: Estimate


def clusters(
    seconds: Mapping[str, Estimate],
    graphs: int,
    units: int,
    engine_bytes: Estimate | None,
    kiwi_share: float,
    prices: Prices,
) -> list[Cluster]:
    """What the steps take on Dataflow and on Flink.

    Args:
        seconds: of one core, by step.
        graphs: of all steps together.
        units: no step has more tasks at a time.
        kiwi_share: of the tokenizer's seconds, those that all vCPUs of its machine share.
    """
    vcpus = min(prices.machines * prices.vcpus, max(units, 1))
    machines = max(1, -(-vcpus // prices.vcpus))
    spread = [one for step, one in seconds.items() if step not in ("tokenizer", "benchmarks")]
    work = _sum(spread, 1 / (vcpus * prices.utilisation * prices.core_speed * HOUR))
    alone = seconds["tokenizer"] if "tokenizer" in seconds else _sum([], 0.0)
    share = kiwi_share / prices.vcpus + 1 - kiwi_share
    alone = alone.times(share / (prices.core_speed * HOUR), alone.sample)
    dataflow_hour = (
        prices.vcpus * prices.dataflow_vcpu_hour
        + prices.memory_gb * prices.dataflow_gb_hour
        + prices.disk_gb * prices.dataflow_disk_gb_hour
    )
    shuffled = (
        engine_bytes.times(prices.dataflow_shuffle_gb / 1e9, 0.0) if engine_bytes else _sum([], 0.0)
    )
    found = []
    for name, minutes, an_hour in (
        ("Dataflow", prices.dataflow_start_minutes, dataflow_hour),
        ("Flink", prices.flink_start_minutes, prices.machine_hour),
    ):
        started = graphs * minutes / 60
        hours = work + Estimate(started, started, started, 0.0, "starts of graphs")
        cost = hours.times(machines * an_hour, 0.0) + alone.times(prices.machine_hour, 0.0)
        if name == "Dataflow":
            cost = cost + shuffled
        found.append(Cluster(name, machines, hours, cost, alone))
    return found


def _sum(estimates: list[Estimate], factor: float) -> Estimate:
    return Estimate(
        factor * sum(one.value for one in estimates),
        factor * sum(one.low for one in estimates),
        factor * sum(one.high for one in estimates),
        factor * sum(one.sample for one in estimates),
        "core-hours over vCPUs",
    )


def gpu_days(
    tokens: Estimate, vocabulary: int, own: ModelConfig, mfu: float
) -> list[dict[str, Any]]:
    """GPU-days of one pass over the tokens, by model and GPU; `mfu` is an assumption, as in
    `malmoi plan-train`.
    """
    rows = []
    models = {**PRESETS, **({} if own in PRESETS.values() else {"of the recipe": own})}
    for name, model in models.items():
        flops = flops_per_token(model, model.rows(vocabulary))
        days = {
            gpu: flops * tokens.value / (GPUS[gpu].flops * mfu * 86_400)
            for gpu in ("a100-80g", "h100-80g")
        }
        rows.append({"model": name, "flops": flops * tokens.value, **days})
    return rows
