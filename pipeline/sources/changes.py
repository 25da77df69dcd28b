"""Source files that are not what was planned: changed or gone while a unit was read."""

from collections.abc import Iterable

from pipeline.filesystems import resolve
from pipeline.storage import FileInfo
from tokenizer.errors import MalmoiError

_CURE = "nothing of its unit was kept; run the same command again when nobody writes there any more"
_SECOND = 1_000_000_000


def check_unchanged(files: Iterable[FileInfo]) -> None:
    """Raise MalmoiError when a file is gone, or has another size or time than was planned.

    Times are compared where the store keeps them, of remote ones by the second: stores round them
    in one answer and not in another.
    """
    for file in files:
        fs, prefix, path = resolve(file.uri)
        now = fs.get_file_info(path)
        if not now.is_file:
            raise vanished(file.uri)
        if now.size != file.size:
            raise MalmoiError(
                f"{file.uri}: changed while the run was on: it had {file.size} bytes when the "
                f"work was planned and has {now.size} now; {_CURE}"
            )
        unit = _SECOND if prefix else 1
        if file.mtime_ns and (now.mtime_ns or 0) // unit != file.mtime_ns // unit:
            raise MalmoiError(
                f"{file.uri}: changed while the run was on: it has been written since the work "
                f"was planned; {_CURE}"
            )


def vanished(uri: str) -> MalmoiError:
    """The error of a file that was there when the work was planned, and is not."""
    return MalmoiError(f"{uri}: gone since the work was planned; {_CURE}")
