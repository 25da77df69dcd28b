"""A copy of a run's checkpoints elsewhere: in an object store, or on another disk.

`<address>/step-00000100/` as in the run, and beside them `metrics.jsonl` and `samples.jsonl` as
they were at the newest. A checkpoint's state.json comes last: one without it is not there.
"""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.fs as pafs

from tokenizer.errors import MalmoiError

AT_ONCE = 8  # files
LOGS = "metrics.jsonl", "samples.jsonl"
COMMIT = "state.json"

T = TypeVar("T")


class MirrorError(MalmoiError):
    """The copies of a run's checkpoints cannot be reached."""


class Mirror:
    """The copies at an address: an absolute path, or what `pyarrow.fs.FileSystem.from_uri` reads.

    Credentials come from the environment. Every method, and the making of one, raises MirrorError
    where the address cannot be reached.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._files, self._root = self._try(lambda: pafs.FileSystem.from_uri(address))

    def newest(self) -> int:
        """Step of the newest complete copy; -1 where there is none."""
        return max(self._steps(), default=-1)

    def put(self, checkpoint: Path, keep: Callable[[list[int]], list[int]]) -> None:
        """Copy a checkpoint and the logs beside it; of all copies those of `keep(steps)` stay."""
        there = f"{self._root}/{checkpoint.name}"
        logs = [path for name in LOGS if (path := checkpoint.parent / name).exists()]

        def copy() -> None:
            self._files.create_dir(there, recursive=True)
            self._files.delete_dir_contents(there)  # of one that was cut off
            parts = [path for path in checkpoint.iterdir() if path.name != COMMIT]
            with ThreadPoolExecutor(AT_ONCE) as pool:
                wanted = [(path, f"{there}/{path.name}") for path in parts]
                wanted += [(path, f"{self._root}/{path.name}") for path in logs]
                list(pool.map(self._send, *zip(*wanted, strict=True)))
            self._send(checkpoint / COMMIT, f"{there}/{COMMIT}")
            steps = self._steps()
            for step in set(steps) - set(keep(steps)):
                self._files.delete_file(f"{self._root}/step-{step:08d}/{COMMIT}")
                self._files.delete_dir(f"{self._root}/step-{step:08d}")

        self._try(copy)

    def fetch(self, step: int, out_dir: Path) -> None:
        """Copy a checkpoint here, and the logs that are not here; it is there whole or not."""
        name = f"step-{step:08d}"
        partial = out_dir / f".{name}.partial"

        def copy() -> None:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            chosen = pafs.FileSelector(f"{self._root}/{name}")
            wanted = [
                (info.path, partial / info.base_name) for info in self._files.get_file_info(chosen)
            ]
            logs = [(f"{self._root}/{log}", out_dir / log) for log in LOGS]
            found = self._files.get_file_info([path for path, _ in logs])
            wanted += [
                (path, here)
                for (path, here), info in zip(logs, found, strict=True)
                if info.type == pafs.FileType.File and not here.exists()
            ]
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(self._receive, *zip(*wanted, strict=True)))
            partial.rename(out_dir / name)

        self._try(copy)

    def _steps(self) -> list[int]:
        chosen = pafs.FileSelector(self._root, allow_not_found=True, recursive=True)
        paths = [info.path.split("/")[-2:] for info in self._files.get_file_info(chosen)]
        return sorted(int(folder.removeprefix("step-")) for folder, name in paths if name == COMMIT)

    def _send(self, here: Path, there: str) -> None:
        pafs.copy_files(str(here), there, destination_filesystem=self._files)

    def _receive(self, there: str, here: Path) -> None:
        pafs.copy_files(there, str(here), source_filesystem=self._files)

    def _try(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except (OSError, pa.ArrowException) as error:
            raise MirrorError(
                f"{self.address}: cannot be reached ({error}); look at train.mirror and the "
                "credentials in the environment, then run the same command to go on"
            ) from error
