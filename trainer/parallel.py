"""Processes and devices: one alone, or as many as torchrun started (gloo on CPU, NCCL on GPU)."""

import ctypes
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch import distributed as dist

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h


@dataclass(frozen=True)
class Ranks:
    """This process among `world`."""

    rank: int
    world: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def sum(self, values: list[float]) -> list[float]:
        """Each number summed over the processes, in fp64."""
        if self.world == 1:
            return values
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return total.tolist()

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> list[Tensor]:
        """The gradients, each summed over the processes in place; zeros where one had none."""
        gradients = []
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
        if self.world > 1:
            pending = [dist.all_reduce(gradient, async_op=True) for gradient in gradients]
            for work in pending:
                work.wait()
        return gradients

    def from_first(self, number: int) -> int:
        """The first process's number, in all."""
        return int(self.sum([float(number) if self.is_first else 0.0])[0])

    def wait(self) -> None:
        """Until all processes are here."""
        self.sum([0.0])


def keep_freed_memory() -> None:
    """Let glibc keep what tensors free, for the next step's.

    By default it gives buffers of 32 MB and more (the logits are larger) back to the system at
    once and takes them anew, page by page, each step.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc; other C libraries have other rules
        for option, value in ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1)):
            libc.mallopt(option, value)


@contextmanager
def ranks() -> Iterator[Ranks]:
    """Joins the processes that torchrun started, if it did, and leaves them at the end.

    Also sets torch's threads, keeps freed memory, and asks for kernels that give the same bits
    each time.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    rank, local_rank = int(os.environ.get("RANK", "0")), int(os.environ.get("LOCAL_RANK", "0"))
    local_world = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    torch.set_num_threads(_threads(local_world))
    keep_freed_memory()
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
        os.environ.setdefault(
            "CUBLAS_WORKSPACE_CONFIG", ":4096:8"
        )  # or cuBLAS is not deterministic
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    joins = world > 1 and not dist.is_initialized()
    if joins:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(rank, world, device)
    finally:
        if joins:
            dist.destroy_process_group()


def _threads(local_world: int) -> int:
    """A process's share of the machine's cores; alone, OMP_NUM_THREADS goes before it.

    (Of several processes it says nothing: torchrun sets it to 1 in each.)
    """
    chosen = os.environ.get("OMP_NUM_THREADS", "")
    if local_world == 1 and chosen.isdigit():
        return max(1, int(chosen))
    return max(1, len(os.sched_getaffinity(0)) // local_world)
