"""A planted corpus as files: what `malmoi demo` runs on."""

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from pipeline.storage import write_atomic


def write_corpus(
    documents: Iterable[dict[str, Any]], truth: dict[str, Any], directory: str | Path
) -> None:
    """Write `planted.jsonl.gz`, `cp949/*.txt`, `html/*.html` and `truth.json` into a directory.

    `documents` and `truth` come from `plant`; equal ones give equal bytes.
    """
    directory = Path(directory)
    with (
        write_atomic(str(directory / "planted.jsonl.gz")) as file,
        gzip.GzipFile("", "wb", 6, file, mtime=0) as lines,
    ):
        for number, document in enumerate(documents):
            form, text = document["form"], document["text"]
            if form == "json":
                lines.write(orjson.dumps({"id": document["id"], "text": text}) + b"\n")
            elif form == "line":
                lines.write(text.encode() + b"\n")
            elif form == "cp949":
                _write(directory / "cp949" / f"{number:06d}.txt", text.encode("cp949"))
            else:
                _write(directory / "html" / f"{number:06d}.html", text.encode())
    _write(directory / "truth.json", orjson.dumps(truth, option=orjson.OPT_INDENT_2))


def _write(path: Path, content: bytes) -> None:
    with write_atomic(str(path)) as file:
        file.write(content)
