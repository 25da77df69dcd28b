"""The electricity that training takes, by codecarbon, where MALMOI_ENERGY_COUNTRY asks for it.

codecarbon reads counters of this machine and the table of countries that it comes with. It sends
and fetches nothing, and writes no file.
"""

import logging
import os
from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Self

from tokenizer.errors import MalmoiError
from trainer.checkpoint import State
from trainer.parallel import Ranks

COUNTRY = "MALMOI_ENERGY_COUNTRY"
"""The environment variable: where the machines stand, as ISO 3166-1 alpha-3 (`KOR`)."""
PARTS = ("cpu", "gpu", "ram")
_EVERY = 15  # seconds between readings of the machine, codecarbon's default


@dataclass(frozen=True)
class Grid:
    """A country's electricity, of codecarbon's table."""

    country: str  # ISO 3166-1 alpha-3
    name: str
    intensity: float  # g CO2e a kWh


def asked_grid() -> Grid | None:
    """The grid of the country in the environment; None where nothing is to be measured.

    Raises MalmoiError where codecarbon is not installed, or knows no such country.
    """
    country = os.environ.get(COUNTRY, "").strip().upper()
    if not country:
        return None
    if find_spec("codecarbon") is None:
        raise MalmoiError(
            f"{COUNTRY} is '{country}', but codecarbon is not installed; "
            f"`pip install 'malmoi[energy]'`, or unset {COUNTRY}"
        )
    from codecarbon.input import DataSource

    _quieten()
    known = DataSource().get_global_energy_mix_data()
    if country not in known:
        raise MalmoiError(
            f"{COUNTRY} is '{country}', of which codecarbon knows no electricity; give the three "
            "letters of a country (ISO 3166-1), such as KOR"
        )
    return Grid(country, known[country]["country_name"], known[country]["carbon_intensity"])


class Meter:
    """Adds to a State what its run's machines use; a context manager, inside which it counts.

    The first process of each machine reads all of the machine, not only this run. Without a `grid`
    in the first process of all nothing is measured, whatever the others have.
    """

    def __init__(self, process: Ranks, grid: Grid | None, step: int) -> None:
        self._process, self._grid, self._step = process, grid, step
        self._is_on = bool(process.from_first(int(grid is not None)))
        self._machine: _Machine | None = None
        self._told = [0.0] * len(PARTS)

    def __enter__(self) -> Self:
        is_local_first = os.environ.get("LOCAL_RANK", "0") == "0"
        if self._is_on and self._grid is not None and is_local_first:
            self._machine = _Machine(self._grid)
        return self

    def add_to(self, state: State) -> None:
        """Add what was used since the start or the last call to `state.energy`.

        Every process must call it. Adds {cpu_kwh, gpu_kwh, ram_kwh, kwh, kg_co2e, steps: those it
        was measured in}; sets {country, country_name, g_co2e_per_kwh, machines, measured: PARTS
        whose counters were read on all machines; the others are estimated}. Leaves it as it is
        where no machine could be read.
        """
        if not self._is_on:
            return
        used, flags = self._read()
        # `Ranks.sum` counts a tensor-parallel group once; machines are no parts of a batch.
        copies = self._process.world // self._process.data_world
        *parts, machines, cpu, gpu = (n * copies for n in self._process.sum([*used, *flags]))
        steps, self._step = state.step - self._step, state.step
        if self._grid is None or not machines:
            return
        energy, kwh = state.energy, sum(parts)
        added = {f"{name}_kwh": part for name, part in zip(PARTS, parts, strict=True)}
        added |= {"kwh": kwh, "kg_co2e": kwh * self._grid.intensity / 1000, "steps": steps}
        for name, value in added.items():
            energy[name] = energy.get(name, 0) + value
        energy |= {
            "country": self._grid.country,
            "country_name": self._grid.name,
            "g_co2e_per_kwh": self._grid.intensity,
            "machines": round(machines),
            "measured": [name for name, n in (("cpu", cpu), ("gpu", gpu)) if n == machines],
        }

    def _read(self) -> tuple[list[float], list[float]]:
        """kWh of PARTS that are new here, and 1 or 0: machines read, with counters of CPU, of GPU.

        All zero in a process that reads no machine.
        """
        now = self._machine.read() if self._machine else None
        if self._machine is None or now is None:
            return [0.0] * len(PARTS), [0.0] * 3
        used = [later - before for later, before in zip(now, self._told, strict=True)]
        self._told = now
        return used, [1.0, float(self._machine.counts_cpu), float(self._machine.counts_gpu)]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._machine is not None:
            self._machine.stop()


class _Machine:
    """codecarbon at work on this machine, since it was made."""

    def __init__(self, grid: Grid) -> None:
        from codecarbon import OfflineEmissionsTracker
        from codecarbon.core.cpu import is_rapl_available
        from codecarbon.output_methods.base_output import BaseOutput

        _quieten()

        class Reader(BaseOutput):
            """Keeps the last figures of `flush`, which codecarbon gives to its outputs alone."""

            total: Any = None

            def out(self, total: Any, delta: Any) -> None:
                self.total = total

        self._reader = Reader()
        self._tracker = OfflineEmissionsTracker(
            country_iso_code=grid.country,
            # With a given intensity it never asks a service for the present one.
            force_carbon_intensity_g_co2e_kwh=grid.intensity,
            electricitymaps_api_token=None,
            emissions_endpoint=None,
            cloud_provider=None,
            cloud_region=None,
            output_methods=[],
            output_handlers=[self._reader],
            allow_multiple_runs=True,  # else it keeps a lock file, and takes SIGTERM for itself
            measure_power_secs=_EVERY,
            tracking_mode="machine",
            log_level="error",
        )
        self._tracker.start()
        self.counts_cpu = is_rapl_available()
        self.counts_gpu = bool(self._tracker.get_detected_hardware()["gpu_count"])

    def read(self) -> list[float] | None:
        """kWh of PARTS since the start; None where codecarbon cannot tell."""
        self._tracker.flush()
        total = self._reader.total
        return None if total is None else [getattr(total, f"{name}_energy") for name in PARTS]

    def stop(self) -> None:
        self._tracker.stop()


def _quieten() -> None:
    """After the import, which sets a level: codecarbon speaks before it reads `log_level`."""
    logging.getLogger("codecarbon").setLevel(logging.ERROR)
