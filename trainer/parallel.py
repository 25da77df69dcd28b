"""Processes and devices: one alone, or as many as torchrun started (gloo on CPU, NCCL on GPU)."""

import ctypes
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch import distributed as dist
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.tensor import DTensor

from trainer.config import ParallelConfig

AXES = ("replicate", "shard", "tensor")
"""Of the mesh; the last runs fastest, so processes that share rows of a batch are neighbours."""

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h


@dataclass(frozen=True)
class Ranks:
    """This process among `world`, and its place in the mesh, which one process alone has not."""

    rank: int
    world: int
    device: torch.device
    mesh: DeviceMesh | None = None  # AXES
    writers: dist.ProcessGroup | None = None  # on CPUs, for the thread that writes checkpoints

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    @property
    def _tensor(self) -> int:
        return 1 if self.mesh is None else self.mesh.size(AXES.index("tensor"))

    @property
    def data_rank(self) -> int:
        """Which part of a batch is this process's; those of one tensor-parallel group share it."""
        return self.rank // self._tensor

    @property
    def data_world(self) -> int:
        return self.world // self._tensor

    def sum(self, values: list[float]) -> list[float]:
        """Each number summed over the parts of the batch, in fp64; the same in all processes.

        The processes of a tensor-parallel group have one part, so the mean over them counts.
        """
        if self.world == 1:
            return values
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return (total / self._tensor).tolist()

    def from_first(self, number: int) -> int:
        """The first process's number, in all."""
        if self.world == 1:
            return number
        told = torch.tensor(number, device=self.device)
        dist.broadcast(told, 0)
        return int(told.item())

    def wait(self) -> None:
        """Until all processes are here."""
        self.sum([0.0])

    def gradient_norm(self, gradients: Sequence[Tensor], sums: Tensor | None = None) -> Tensor:
        """2-norm of gradients whose shards lie over the mesh: fp32 scalar, the same in all.

        torch's own refuses tensors of different meshes. Here each shard counts in the first of the
        processes that hold it, and one message goes over all. It takes along `sums`, fp64 on the
        device, which become what `sum` would make of them. Does not wait for the device.
        """
        counted = [local(gradient) for gradient in gradients if self._counts(gradient)]
        norm = torch.nn.utils.get_total_norm(counted).to(self.device)
        if self.mesh is None:
            return norm
        square = norm.double().square()[None]
        total = square if sums is None else torch.cat((square, sums))
        dist.all_reduce(total)
        if sums is not None:
            sums.copy_(total[1:] / self._tensor)
        return total[0].sqrt().float()

    def _counts(self, gradient: Tensor) -> bool:
        """Whether, of all processes with the same shard, this one is the first on every axis."""
        if self.mesh is None:
            return True
        split: set[str] = set()
        if isinstance(gradient, DTensor):
            assert not any(placement.is_partial() for placement in gradient.placements)
            axes = gradient.device_mesh.mesh_dim_names or ()
            placed = zip(axes, gradient.placements, strict=True)
            split = {axis for axis, placement in placed if not placement.is_replicate()}
        position = zip(AXES, self.mesh.get_coordinate() or (), strict=True)
        return all(place == 0 for axis, place in position if axis not in split)


def local(tensor: Tensor) -> Tensor:
    """This process's shard of a tensor; of a plain one, all."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def clip(gradients: Sequence[Tensor], norm: Tensor, largest: float) -> None:
    """Scale gradients whose norm is `norm` to `largest`, in place, if it is larger."""
    scale = (largest / (norm + 1e-6)).clamp(max=1.0)  # as in torch
    torch._foreach_mul_([local(gradient) for gradient in gradients], scale)


def world_size() -> int:
    """How many processes were started together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


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
def ranks(parallel: ParallelConfig | None = None) -> Iterator[Ranks]:
    """Joins the processes that torchrun started, if it did, and leaves them at the end.

    Their number must be what `parallel` says (`layout.check_fit`). Also sets torch's threads, keeps
    freed memory, and asks for kernels that give the same bits each time.
    """
    world = world_size()
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
    torch.use_deterministic_algorithms(True)  # a mere warning would leave attention as it is
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    joins = world > 1 and not dist.is_initialized()
    if joins:
        dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(rank, world, device, *_meet(device, world, parallel or ParallelConfig()))
    finally:
        if joins:
            dist.destroy_process_group()


def _meet(
    device: torch.device, world: int, parallel: ParallelConfig
) -> tuple[DeviceMesh | None, dist.ProcessGroup | None]:
    """The mesh, and a group of its own for the writers, whose messages cross the training's."""
    if world == 1:
        return None, None
    shard = world // (parallel.replicate * parallel.tensor)
    sizes = parallel.replicate, shard, parallel.tensor
    mesh = init_device_mesh(device.type, sizes, mesh_dim_names=AXES)
    writers = dist.new_group(backend="gloo")
    assert isinstance(writers, dist.ProcessGroup)  # every process is a member
    return mesh, writers


@contextmanager
def sigterm() -> Iterator[threading.Event]:
    """An event that SIGTERM sets instead of ending the process."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only there can it be caught
        yield asked
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: asked.set())
    try:
        yield asked
    finally:
        signal.signal(signal.SIGTERM, before)


def _threads(local_world: int) -> int:
    """A process's share of the machine's cores; alone, OMP_NUM_THREADS goes before it.

    (Of several processes it says nothing: torchrun sets it to 1 in each.)
    """
    chosen = os.environ.get("OMP_NUM_THREADS", "")
    if local_world == 1 and chosen.isdigit():
        return max(1, int(chosen))
    return max(1, len(os.sched_getaffinity(0)) // local_world)
