"""Reading ahead gives the batches that the order names, to any number of processes."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tokenizer.errors import CorruptFileError
from trainer.batches import AHEAD, Batches
from trainer.dataset import IGNORED, Dataset
from trainer.order import Order

BATCH, CONTEXT = 6, 32


@pytest.fixture
def data(run_dir: Path) -> Dataset:
    return Dataset.open(run_dir / "tokens", CONTEXT)


def made(data: Dataset, micro_batch: int = 4, rank: int = 0, world: int = 1) -> Batches:
    return Batches(data, Order(data.train.streams, 3), BATCH, micro_batch, rank, world)


@pytest.mark.parametrize("world", [1, 2, 3, 6])
@pytest.mark.parametrize("micro_batch", [1, 4, 10])
def test_the_processes_share_each_step_of_the_order(
    data: Dataset, world: int, micro_batch: int
) -> None:
    order = Order(data.train.streams, 3)
    per_epoch = order.epoch_samples
    for first in (0, BATCH, per_epoch - 2):  # the last reaches over the edge of an epoch
        expected = data.train.batch(*order.locate(np.arange(first, first + BATCH)))
        rows: dict[int, tuple[list[int], list[int]]] = {}
        n_bytes = 0
        for rank in range(world):
            batch = made(data, micro_batch, rank, world).read(first)
            n_bytes += batch.n_bytes
            assert batch.targets == int((expected[1] != IGNORED).sum())
            assert all(len(inputs) <= micro_batch for inputs, _ in batch.parts)
            inputs = torch.cat([part[0] for part in batch.parts]).tolist()
            targets = torch.cat([part[1] for part in batch.parts]).tolist()
            mine = zip(inputs, targets, strict=True)
            rows |= {rank + i * world: row for i, row in enumerate(mine)}
        assert [rows[i][0] for i in range(BATCH)] == expected[0].tolist()
        assert [rows[i][1] for i in range(BATCH)] == expected[1].tolist()
        counted = expected[1][expected[1] != IGNORED]
        assert n_bytes == data.token_bytes[counted].sum()


def test_what_was_read_ahead_is_what_is_read_when_asked(data: Dataset) -> None:
    batches = made(data)
    for first in (0, BATCH, 2 * BATCH, 100 * BATCH, 3 * BATCH):  # and a jump there and back
        taken, read = batches.take(first), batches.read(first)
        for got, expected in zip(taken.parts, read.parts, strict=True):
            assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))
    assert len(batches._ahead) <= 3 * AHEAD
    batches.close()


def test_a_fault_of_the_thread_is_raised_where_the_batch_is_taken(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise CorruptFileError("shard.bin: gone")

    monkeypatch.setattr(data.train.streams[0], "window", fail)
    batches = made(data)
    with pytest.raises(CorruptFileError, match=r"shard\.bin: gone"):
        for first in range(0, 10 * BATCH, BATCH):
            batches.take(first)
    batches.close()
