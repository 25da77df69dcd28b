"""The batches of a run, read ahead by a thread. Their only state is the number of samples consumed.

Sample g of the run is what `order.Order` says, and each process takes every world-th of a step's
samples, so neither the processes nor the reading ahead can change the stream.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trainer.dataset import IGNORED, Dataset
from trainer.order import Order

AHEAD = 2  # steps


@dataclass(frozen=True)
class Batch:
    """One process's share of a step, in micro-batches."""

    parts: list[tuple[Tensor, Tensor]]  # inputs and targets, int64 [rows, context]
    n_bytes: int  # UTF-8 bytes of the share's targets
    targets: int  # of the whole step, over all processes


class Batches:
    """Gives the share of process `rank` of `world` in each step of `batch` samples."""

    def __init__(
        self, data: Dataset, order: Order, batch: int, micro_batch: int, rank: int, world: int
    ) -> None:
        self.data, self.order = data, order
        self.batch, self.micro_batch = batch, micro_batch
        self.rank, self.world = rank, world
        self._pool = ThreadPoolExecutor(1, "batches")
        self._ahead: dict[int, Future[Batch]] = {}

    def take(self, first: int) -> Batch:
        """The step that begins at sample `first`; the steps behind it are begun to be read."""
        for start in range(first, first + (1 + AHEAD) * self.batch, self.batch):
            if start not in self._ahead:
                self._ahead[start] = self._pool.submit(self.read, start)
        return self._ahead.pop(first).result()

    def read(self, first: int) -> Batch:
        """`take` without reading ahead."""
        train = self.data.train
        source, window = self.order.locate(np.arange(first, first + self.batch))
        targets = train.targets(source, window)
        source, window = source[self.rank :: self.world], window[self.rank :: self.world]
        parts, n_bytes = [], 0
        for start in range(0, len(source), self.micro_batch):
            rows = slice(start, start + self.micro_batch)
            inputs, wanted = train.batch(source[rows], window[rows])
            n_bytes += count_bytes(wanted, self.data.token_bytes)
            parts.append((_tensor(inputs), _tensor(wanted)))
        return Batch(parts, n_bytes, targets)

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(cancel_futures=True)


def count_bytes(targets: np.ndarray, token_bytes: np.ndarray) -> int:
    """UTF-8 bytes of the targets; ignored positions count nothing."""
    return int(token_bytes[targets[targets != IGNORED]].sum(dtype=np.int64))


def _tensor(array: np.ndarray) -> Tensor:
    tensor = torch.from_numpy(array)
    return tensor.pin_memory() if torch.cuda.is_available() else tensor
