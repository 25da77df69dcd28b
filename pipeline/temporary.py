"""Temporary files of a command: inside its run directory, and gone when it ends."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.util import Finalize
from pathlib import Path

_LONGEST = 70
"""Bytes of a folder's name: a socket's may have 108, and multiprocessing lays one 33 below."""


@contextmanager
def temporary_files(root: str) -> Iterator[Path]:
    """The folder that everything which asks for a temporary file gets it in.

    That is Beam, multiprocessing and SentencePiece, here and in processes begun meanwhile. It lies
    in `.tmp` of a local run directory and is deleted when this process ends; what killed commands
    have left there, at the start. Of a remote run it is one in the system's folder. Hold the run
    directory's lock.
    """
    if "://" in root:
        folder = Path(tempfile.mkdtemp(prefix="malmoi-"))
    else:
        folder = Path(root, ".tmp", str(os.getpid()))
        for left in folder.parent.glob("*"):
            if left != folder:
                shutil.rmtree(left, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
    # multiprocessing deletes its own folder below with priority -100, and complains if it is gone
    Finalize(None, _delete, args=(folder,), exitpriority=-101)
    name, before, variable = _short_name(folder), tempfile.tempdir, os.environ.get("TMPDIR")
    try:
        if name:
            tempfile.tempdir = name
            _set_variable(name)
        yield folder
    finally:
        tempfile.tempdir = before
        _set_variable(variable)


def _delete(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.parent.name == ".tmp":
        with suppress(OSError):
            folder.parent.rmdir()


def _short_name(folder: Path) -> str | None:
    """A name of the folder that is short enough for sockets in it; None where there is none."""
    if len(os.fsencode(folder)) <= _LONGEST:
        return str(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)  # open until the process ends
    name = f"/proc/{os.getpid()}/fd/{descriptor}"
    return name if Path(name).is_dir() else None


def _set_variable(value: str | None) -> None:
    if value is None:
        os.environ.pop("TMPDIR", None)
    else:
        os.environ["TMPDIR"] = value
