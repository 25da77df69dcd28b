"""Four processes that stay, and what they are asked to do together; and checkpoints read whole."""

import hashlib
import json
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
import torch.distributed.checkpoint as dcp
from torch import Tensor
from torch import distributed as dist
from torch._dynamo.utils import counters
from torch.distributed.tensor import DTensor

from trainer import checkpoint
from trainer.config import ModelConfig, ParallelConfig, TrainConfig
from trainer.energy import Grid, Meter
from trainer.evaluate import Reading
from trainer.init import initialise
from trainer.layout import build_parallel, set_full
from trainer.model import NeoX, build
from trainer.optim import make_optimizer
from trainer.parallel import clip, ranks
from trainer.train import train

PROCESSES = 4


class Pool:
    """Runs a function of this module in the first `world` of its processes; results by rank."""

    def __init__(self, folder: Path) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["trainer.train"])
        self._folder, self._calls = folder, 0
        self._ends: list[Connection] = []
        for rank in range(PROCESSES):
            ours, theirs = context.Pipe()
            context.Process(target=_serve, args=(theirs, rank), daemon=True).start()
            self._ends.append(ours)

    def __call__(self, function: Callable[..., Any], world: int, **arguments: Any) -> list[Any]:
        self._calls += 1
        store = self._folder / f"store-{self._calls}"
        for end in self._ends[:world]:
            end.send((function, world, store, arguments))
        results = []
        for end in self._ends[:world]:
            assert end.poll(300), "a process of the pool hangs"
            results.append(end.recv())
        faults = [text for failed, text in results if failed]
        assert not faults, "\n".join(faults)
        return [value for _, value in results]

    def close(self) -> None:
        for end in self._ends:
            end.send(None)


def _serve(end: Connection, rank: int) -> None:
    while (asked := end.recv()) is not None:
        function, world, store, arguments = asked
        os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(world), "LOCAL_RANK": str(rank)}
        os.environ |= {"LOCAL_WORLD_SIZE": str(world), "OMP_NUM_THREADS": "1"}
        try:
            if world > 1:
                files = dist.FileStore(str(store), world)
                dist.init_process_group("gloo", store=files, rank=rank, world_size=world)
            end.send((False, function(**arguments)))
        except BaseException:
            end.send((True, traceback.format_exc()))
        finally:
            if dist.is_initialized():
                dist.destroy_process_group()


def losses(
    model: ModelConfig,
    settings: TrainConfig,
    run: Path,
    out: Path,
    tokenizer_dir: Path | None = None,
    damage: tuple[str, int, int] | None = None,
) -> list[dict[str, Any]]:
    """Train, and give the log's lines; `damage`: what befalls which rank in which step."""
    with _damaged(*damage) if damage else _damaged("nothing", -1, -1):
        train(model, settings, run / "tokens", out, 7, tokenizer_dir=tokenizer_dir)
    return log_of(out)


def compiled(**arguments: Any) -> tuple[list[dict[str, Any]], int]:
    """The log of `losses`, and how many frames were compiled for it."""
    torch._dynamo.reset()
    counters.clear()
    return losses(**arguments), counters["frames"]["ok"]


def stopped(**arguments: Any) -> int:
    """The code with which a process leaves whose neighbour gets SIGTERM."""
    try:
        losses(**arguments)
    except SystemExit as leaving:
        return leaving.code
    return -1


def log_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@contextmanager
def _damaged(what: str, rank: int, step: int) -> Iterator[None]:
    """In training step `step` (micro-batches are steps here), on one rank alone."""
    calls, healthy = 0, Reading.__call__

    def call(self: Reading, network: NeoX, inputs: Tensor, targets: Tensor) -> Any:
        nonlocal calls
        objective, nats = healthy(self, network, inputs, targets)
        calls += torch.is_grad_enabled()
        if torch.is_grad_enabled() and calls == step and int(os.environ["RANK"]) == rank:
            if what == "not finite":
                objective = objective * torch.nan
            elif what == "terminate":
                os.kill(os.getpid(), signal.SIGTERM)
        return objective, nats

    Reading.__call__ = call
    try:
        yield
    finally:
        Reading.__call__ = healthy


def whole(tensor: Tensor) -> Tensor:
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def digest(tensors: dict[str, Tensor]) -> dict[str, str]:
    """SHA-256 of each tensor's bytes."""
    return {
        name: hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()
        for name, tensor in tensors.items()
    }


def initial(model: ModelConfig, rows: int, settings: TrainConfig) -> dict[str, str]:
    """Hashes of a mesh's initial weights, put together."""
    with ranks(settings.parallel) as process:
        network = build_parallel(model, rows, settings, process)
        initialise(network, 3)
        return digest({name: whole(weight) for name, weight in network.state_dict().items()})


def loaded(model: ModelConfig, rows: int, settings: TrainConfig, path: Path) -> dict[str, str]:
    """Hashes of what a mesh holds after it has read a checkpoint, put together."""
    with ranks(settings.parallel) as process:
        network = build_parallel(model, rows, settings, process)
        optimizer = make_optimizer(network, settings)
        checkpoint.load(path, network, optimizer, process.writers)
        tensors = checkpoint._tensors(network, optimizer)
        return digest({name: whole(tensor) for name, tensor in tensors.items()})


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a checkpoint, whole, by this process alone."""
    described = checkpoint.Reader(str(path)).metadata.state_dict_metadata
    tensors = {
        name: torch.empty(entry.size, dtype=entry.properties.dtype)
        for name, entry in described.items()
    }
    dcp.load(tensors, storage_reader=checkpoint.Reader(str(path)), no_dist=True)
    return tensors


def random_gradients(network: NeoX) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        name: torch.randn(weight.shape, generator=generator)
        for name, weight in network.named_parameters()
    }


def norms(model: ModelConfig, rows: int, settings: TrainConfig, spread: str) -> list[float]:
    """The norm of the same gradients on a mesh, and after they are clipped to 1.

    `spread`: `all` as in training; `some`: of a model whose matrices alone are split over the
    tensor axis, and whose norms and biases every process has as plain tensors.
    """
    with ranks(settings.parallel) as process:
        if spread == "all":
            network = build_parallel(model, rows, settings, process)
        else:
            network = build(model, rows)
            _split_matrices(network, process.mesh["tensor"])
        for name, full in random_gradients(build(model, rows, "meta")).items():
            weight = network.get_parameter(name)
            weight.grad = torch.empty_like(weight)
            set_full(weight.grad, full)
        gradients = [weight.grad for weight in network.parameters()]
        norm = process.gradient_norm(gradients)
        clip(gradients, norm, 1.0)
        return [norm.item(), process.gradient_norm(gradients).item()]


def _split_matrices(network: NeoX, mesh: Any) -> None:
    from torch.distributed.tensor import Shard, distribute_tensor

    for name, weight in list(network.named_parameters()):
        if weight.ndim > 1:
            module, _, leaf = name.rpartition(".")
            split = distribute_tensor(weight.detach(), mesh, [Shard(0)], src_data_rank=None)
            setattr(network.get_submodule(module), leaf, torch.nn.Parameter(split))


def metered(tensor: int) -> dict[str, Any]:
    """What each process's state is told of the energy of 3 steps."""
    with ranks(ParallelConfig(tensor=tensor)) as process:
        grid = Grid("KOR", "South Korea", 400.0)
        state = checkpoint.State(step=3)
        with Meter(process, grid, 0) as meter:
            time.sleep(0.2)
            meter.add_to(state)
        return state.energy
