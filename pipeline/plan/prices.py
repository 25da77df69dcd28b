"""What machines cost: defaults with their source, all to be set anew by the user.

The defaults are list prices of Google Cloud, for batch work, without any discount, as public code
quotes them: of Dataflow in May 2024 for a job in us-east1, of an n2-standard-8 in Iowa without a
date. Prices change and differ by region.
"""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from pipeline.settings import Section
from tokenizer.errors import RecipeError

SOURCES = {
    "dataflow": "https://cloud.google.com/dataflow/pricing, quoted in May 2024, us-east1",
    "machine": "https://cloud.google.com/compute/vm-instance-pricing, Iowa, a copy without a date",
    "cluster": "assumptions",
}


class Prices(Section):
    """Prices and the cluster they are paid for."""

    currency: str = "USD"
    region: str = "us-central1"
    dataflow_vcpu_hour: float = Field(0.056, ge=0, description="Dataflow, batch, a vCPU")
    dataflow_gb_hour: float = Field(0.003557, ge=0, description="Dataflow, batch, a GB of memory")
    dataflow_disk_gb_hour: float = Field(0.000054, ge=0, description="a GB of standard disk")
    dataflow_shuffle_gb: float = Field(0.011, ge=0, description="a GB that Dataflow shuffles")
    machine_hour: float = Field(0.388472, ge=0, description="a machine of a cluster of one's own")
    machines: int = Field(50, ge=1, description="that work at the same time")
    vcpus: int = Field(8, ge=1, description="of a machine")
    memory_gb: float = Field(32.0, gt=0, description="of a machine")
    disk_gb: float = Field(100.0, ge=0, description="of a machine")
    core_speed: float = Field(
        1.0, gt=0, description="of a vCPU there, in cores of the machine that ran the sample"
    )
    utilisation: float = Field(0.8, gt=0, le=1, description="share of its time that a vCPU works")
    dataflow_start_minutes: float = Field(4.0, ge=0, description="for each graph to start")
    flink_start_minutes: float = Field(0.2, ge=0, description="for each graph to start")


def load_prices(path: Path | None, changes: Sequence[str]) -> Prices:
    """The defaults, then a YAML file of `key: value`, then `key=value` changes.

    RecipeError names a key that is none, and the nearest.
    """
    values: dict[str, Any] = {}
    where = "--price"
    if path is not None:
        where = str(path)
        values = _read(path)
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise RecipeError(f"--price {change}: write it as machine_hour=0.25")
        values[key.strip()] = value.strip()
    try:
        return Prices.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(map(str, fault["loc"]))
        near = difflib.get_close_matches(key, Prices.model_fields, n=1, cutoff=0.0)
        said = (
            f"unknown; did you mean '{near[0]}'?"
            if key not in Prices.model_fields
            else fault["msg"]
        )
        raise RecipeError(f"{where}: price '{key}': {said}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(
            f"{path}: cannot be read as prices ({error}); see docs/planning.md"
        ) from error
    if not isinstance(values, dict):
        raise RecipeError(f"{path}: prices are a mapping, as `machine_hour: 0.25`")
    return {str(key): value for key, value in values.items()}
