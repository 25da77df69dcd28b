"""What a step takes, as it is measured (`jobs.measured`)."""

from dataclasses import dataclass, field


@dataclass
class Graph:
    """What a graph took: processor seconds, bytes of memory, blobs and bytes that were sent through
    its shuffles, and the bytes of scratch files that lay there when it ended.
    """

    label: str  # of its first transform
    cpu_seconds: float
    memory: int  # the most that the process held meanwhile
    blobs: int = 0
    bytes: int = 0
    scratch: int = 0


@dataclass
class StepUse:
    """What a step took, its graphs included. `memory` is the most bytes that the process held
    meanwhile, `base` what it held before; `children`: the processor seconds of others it started.
    """

    step: str
    cpu_seconds: float
    memory: int
    base: int
    children: float = 0.0
    graphs: list[Graph] = field(default_factory=list)
