"""Files of torch.distributed.checkpoint: the same state, the same bytes; reading runs no code."""

import pickle
from functools import cached_property
from pathlib import Path
from typing import Any

import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.metadata import Metadata, StorageMeta


class Writer(dcp.FileSystemWriter):
    def storage_meta(self) -> None:
        """Nothing of where and when: the same state gives the same files."""


class Reader(dcp.FileSystemReader):
    @cached_property
    def metadata(self) -> Metadata:
        with (Path(self.path) / ".metadata").open("rb") as file:
            metadata: Metadata = _MetadataUnpickler(file).load()
        metadata.storage_meta = StorageMeta(load_id=self.load_id)
        return metadata

    def read_metadata(self, *arguments: Any, **options: Any) -> Metadata:
        return self.metadata


class _MetadataUnpickler(pickle.Unpickler):
    """Makes the classes that describe tensors, and nothing else: torch's own runs any code.

    BytesStorageMetadata is left out: torch unpickles such entries without restraint.
    """

    ALLOWED = {
        f"torch.distributed.checkpoint.{name}"
        for name in (
            "metadata.ChunkStorageMetadata",
            "metadata.Metadata",
            "metadata.MetadataIndex",
            "metadata.TensorProperties",
            "metadata.TensorStorageMetadata",
            "metadata._MEM_FORMAT_ENCODING",
            "filesystem._StorageInfo",
        )
    } | {"torch.Size", "torch.float32", "torch.bfloat16", "torch.serialization._get_layout"}

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint")
        return super().find_class(module, name)
