"""Energy is read by codecarbon itself: no network, no files, the same model, summed over stops."""

import importlib.util
import json
import logging
import os
import socket
from pathlib import Path
from typing import Any

import pytest
import torch

from tokenizer.errors import MalmoiError
from trainer import energy
from trainer.checkpoint import State
from trainer.energy import COUNTRY, Grid, Meter, asked_grid
from trainer.parallel import Ranks

KOREA = Grid("KOR", "South Korea", 430.567)
ALONE = Ranks(0, 1, torch.device("cpu"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """No way out of this machine; returns the connections that were tried."""
    tried: list[Any] = []

    def refuse(self: socket.socket, address: Any) -> None:
        tried.append(address)
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **how: refuse(None, asked))
    return tried


def test_nothing_is_asked_for_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(COUNTRY, raising=False)
    assert asked_grid() is None
    state = State(step=3)
    with Meter(ALONE, None, 0) as meter:
        meter.add_to(state)
    assert state.energy == {}


def test_a_countrys_grid_comes_from_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COUNTRY, " kor ")
    grid = asked_grid()
    assert grid is not None and (grid.country, grid.name) == ("KOR", "South Korea")
    assert 100 < grid.intensity < 1000


def test_an_unknown_country_and_a_missing_library_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(COUNTRY, "KR")
    with pytest.raises(MalmoiError, match=r"'KR'.* three letters"):
        asked_grid()
    monkeypatch.setattr(energy, "find_spec", lambda name: None)
    with pytest.raises(MalmoiError, match=r"codecarbon is not installed; `pip install 'malmoi\["):
        asked_grid()


def test_a_machine_is_read_without_network_or_files(
    asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # What the user's environment says to codecarbon must not open a way out either.
    monkeypatch.setenv("CODECARBON_CO2_SIGNAL_API_TOKEN", "a-token")
    monkeypatch.setenv("CODECARBON_EMISSIONS_ENDPOINT", "http://localhost:9/")
    monkeypatch.setenv("CODECARBON_OUTPUT_METHODS", "csv,api,prometheus")
    state = State(step=5)
    with Meter(ALONE, KOREA, step=1) as meter:
        burn(0.3)
        meter.add_to(state)
        first = dict(state.energy)
        state.step = 7
        burn(0.3)
        meter.add_to(state)
    assert asked == [] and list(tmp_path.iterdir()) == []
    assert first["kwh"] > 0 and state.energy["kwh"] > first["kwh"]
    assert (first["steps"], state.energy["steps"]) == (4, 6)
    parts = sum(state.energy[f"{name}_kwh"] for name in energy.PARTS)
    assert state.energy["kwh"] == pytest.approx(parts)
    assert state.energy["kg_co2e"] == pytest.approx(state.energy["kwh"] * 0.430567)
    assert state.energy["machines"] == 1 and state.energy["country"] == "KOR"
    assert json.loads(json.dumps(state.energy)) == state.energy
    # its figures are counters or a model of them, and it says which
    rapl = importlib.util.find_spec("codecarbon.core.cpu") and Path(
        "/sys/class/powercap/intel-rapl"
    )
    assert "cpu" not in state.energy["measured"] or (rapl and rapl.exists())
    assert ("gpu" in state.energy["measured"]) == torch.cuda.is_available()


def burn(seconds: float) -> None:
    import time

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        sum(range(1000))


def test_a_process_that_is_not_the_first_of_its_machine_reads_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    state = State(step=2)
    with Meter(ALONE, KOREA, step=0) as meter:
        meter.add_to(state)
    assert state.energy == {}


def test_codecarbon_keeps_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    with Meter(ALONE, KOREA, step=0) as meter:
        meter.add_to(State(step=1))
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("codecarbon").level == logging.ERROR
    assert "CODECARBON_LOG_LEVEL" not in os.environ
