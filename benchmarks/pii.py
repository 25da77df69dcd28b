"""Personal data: what is found, what is taken for it by mistake, and how fast.

    python benchmarks/pii.py [--gold FILE.jsonl ...] [--clean FILE.jsonl[.gz] ...] [--seed N]
                             [--texts N] [--mb N] [--json]

Precision, recall and F1 by kind (overlap of at least half) over labelled texts: generated ones, or
those of `--gold` (`text`, `neg`, `spans[{start, end, type}]` a line). False positives per MB of the
labelled texts that hold nothing to find, and of running text (`--clean`, a `text` a line; the first
`--mb` MB of each file; values are never printed). MB/s of masking a column, MB of UTF-8, process
time, best of three, beside the public libraries that can be imported.
"""

import argparse
import gzip
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.pii_negatives import PROSE
from benchmarks.pii_score import Place, Score, score
from benchmarks.pii_texts import generate
from pipeline.pii.detect import spans_batch
from pipeline.pii.mask import mask_batch

BATCH_BYTES = 16_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gold", nargs="*", type=Path, default=[])
    parser.add_argument("--clean", nargs="*", type=Path, default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=int, default=2_500, help="generated texts")
    parser.add_argument("--mb", type=float, default=1.0, help="MB of each file of running text")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    labelled = {path.name: list(_lines(path)) for path in arguments.gold}
    if not labelled:
        labelled = {f"generated, seed {arguments.seed}": generate(arguments.texts, arguments.seed)}
    clean = {path.name: _first(path, arguments.mb * 1e6) for path in arguments.clean}
    running = [text for texts in clean.values() for text in texts] or [
        record["text"] for records in labelled.values() for record in records
    ]
    result = {
        "labelled": {name: summary(judge(records)) for name, records in labelled.items()},
        "clean": {name: false_positives(texts) for name, texts in clean.items()},
        "speed": speeds(running, "running text" if clean else "labelled texts and prose"),
    }
    if arguments.json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
        return
    for name, rows in result["labelled"].items():
        _print_labelled(name, rows)
    _print_clean(result["clean"])
    _print_speed(result["speed"])


def judge(records: list[dict[str, Any]]) -> Score:
    """The score of the detectors on labelled texts."""
    rows, spans = spans_batch(pa.array([record["text"] for record in records], pa.string()))
    found = dict(zip(rows, spans, strict=True))
    places = ([Place(*span) for span in found.get(row, [])] for row in range(len(records)))
    return score(records, places)


def summary(found: Score) -> dict[str, Any]:
    """What is printed of a score."""
    by_kind = {
        kind: (found.right[kind] + found.missed[kind], *found.rates([kind]))
        for kind in found.kinds()
    }
    return {
        "kinds": by_kind,
        "micro": found.rates(found.kinds()),
        "macro_f1": found.macro_f1(),
        "negatives": dict(found.negatives),
        "negative_mb": found.negative_bytes / 1e6,
        "negatives_per_mb": found.negatives_per_mb(),
    }


def false_positives(texts: list[str]) -> dict[str, Any]:
    """How much is masked in running text that should hold nothing, by kind."""
    counts: Counter[str] = Counter()
    for batch in _batches(texts):
        for row in mask_batch(batch).counts:
            counts.update(row)
    mb = sum(len(text.encode()) for text in texts) / 1e6
    return {"mb": mb, "kinds": dict(counts), "per_mb": counts.total() / max(1e-9, mb)}


def speeds(texts: list[str], what: str) -> dict[str, Any]:
    """MB/s of masking `texts` as a column, ours and the libraries that are installed."""
    if what != "running text":  # labelled texts alone are nothing but values
        texts = texts + PROSE * (5 * len(texts) // len(PROSE))
    mb = sum(len(text.encode()) for text in texts) / 1e6
    batches = list(_batches(texts))
    rates: dict[str, float | str] = {
        "mask_batch": _rate(lambda: list(map(mask_batch, batches)), mb)
    }
    for name, prepare in (("datatrove", _datatrove), ("phonenumbers", _phonenumbers)):
        try:
            work = prepare()
        except ImportError:
            rates[name] = "not installed"
            continue
        rates[name] = _rate(partial(_each, work, texts), mb)
    return {"text": what, "mb": mb, "documents": len(texts), "mb_per_second": rates}


def _each(work: Callable[[str], Any], texts: list[str]) -> None:
    for text in texts:
        work(text)


def _datatrove() -> Callable[[str], Any]:
    document = import_module("datatrove.data").Document
    formatter = import_module("datatrove.pipeline.formatters").PIIFormatter()
    return lambda text: formatter.format(document(text=text, id="").text)


def _phonenumbers() -> Callable[[str], Any]:
    matcher = import_module("phonenumbers").PhoneNumberMatcher
    return lambda text: list(matcher(text, "KR"))


def _rate(work: Callable[[], Any], mb: float, times: int = 3) -> float:
    work()  # compiles, fills caches
    seconds = []
    for _ in range(times):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return mb / max(1e-9, min(seconds))


def _batches(texts: list[str]) -> Iterator[pa.StringArray]:
    start = size = 0
    for index, text in enumerate(texts):
        size += len(text.encode())
        if size >= BATCH_BYTES:
            yield pa.array(texts[start : index + 1], pa.string())
            start, size = index + 1, 0
    if start < len(texts):
        yield pa.array(texts[start:], pa.string())


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    reader = gzip.open if path.suffix == ".gz" else open
    with reader(path, "rt", encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def _first(path: Path, size: float) -> list[str]:
    texts: list[str] = []
    for record in _lines(path):
        if size <= 0:
            break
        texts.append(record["text"])
        size -= len(record["text"].encode())
    return texts


def _print_labelled(name: str, rows: dict[str, Any]) -> None:
    print(f"{name}\n{'kind':<12}{'n':>6}{'P':>8}{'R':>8}{'F1':>8}")
    for kind, (n, *rates) in rows["kinds"].items():
        print(f"{kind:<12}{n:>6}" + "".join(f"{rate:>8.3f}" for rate in rates))
    print(f"{'micro':<18}" + "".join(f"{rate:>8.3f}" for rate in rows["micro"]))
    print(f"{'macro':<34}{rows['macro_f1']:>8.3f}")
    total = sum(rows["negatives"].values())
    print(
        f"hard negatives: {total} false positives in {rows['negative_mb']:.3f} MB,"
        f" {rows['negatives_per_mb']:.1f} per MB {rows['negatives'] or ''}\n"
    )


def _print_clean(files: dict[str, Any]) -> None:
    for name, row in files.items():
        print(f"{name:<36}{row['mb']:>7.2f} MB{row['per_mb']:>8.2f} per MB {row['kinds'] or ''}")
    if files:
        mb, count = (
            sum(row["mb"] for row in files.values()),
            sum(sum(row["kinds"].values()) for row in files.values()),
        )
        print(f"{'all running text':<36}{mb:>7.2f} MB{count / max(1e-9, mb):>8.2f} per MB\n")


def _print_speed(row: dict[str, Any]) -> None:
    print(f"speed on {row['text']}: {row['documents']:,} documents, {row['mb']:.2f} MB of UTF-8")
    for name, rate in row["mb_per_second"].items():
        shown = rate if isinstance(rate, str) else f"{rate:.1f} MB/s"
        print(f"{name:<16}{shown:>14}")


if __name__ == "__main__":
    main()
