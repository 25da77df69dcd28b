"""Files of every kind, and the source that `malmoi init` should make of each folder of them."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.synthetic import generate_documents

TEXTS = [row["text"] for row in generate_documents(60, seed=11)]
SHORT = ["재미있게 봤어요", "배우 연기가 좋다", "두 번 볼 영화는 아니다"] * 20


def write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


MODU = {
    "id": "NWRW1",
    "metadata": {"title": "말뭉치"},
    "document": [
        {
            "id": f"NWRW1.{n}",
            "metadata": {"date": "20180102", "title": "기사"},
            "paragraph": [{"id": "p", "form": part} for part in text.splitlines() if part],
        }
        for n, text in enumerate(TEXTS[:20])
    ],
}
SQUAD = {"version": "1", "data": [{"paragraphs": [{"context": t, "qas": []}]} for t in TEXTS[:9]]}
PAGE = "<!DOCTYPE html><html><body><article>{}</article></body></html>"
CORPUS: dict[str, tuple[dict[str, bytes], dict[str, Any], int]] = {
    # folder: (files, the source without its name, documents)
    "blog": (
        {
            f"blog/2021/part-{n:03d}.jsonl.gz": gzip.compress(
                lines(
                    [
                        {
                            "post_id": 100 * n + k,
                            "title": "봄",
                            "body": text,
                            "link": f"https://x.kr/{k}",
                            "published_at": "2021-03-04T10:00:00",
                        }
                        for k, text in enumerate(TEXTS[:10])
                    ]
                )
            )
            for n in range(3)
        },
        {
            "paths": ["corpus/blog/**/*.jsonl.gz"],
            "format": "jsonl",
            "fields": {"id": "post_id", "text": "body", "url": "link", "date": "published_at"},
        },
        30,
    ),
    "reviews": (
        {
            "reviews/ratings.txt": b"id\tdocument\tlabel\n"
            + "".join(f"{n}\t{text}\t1\n" for n, text in enumerate(SHORT)).encode()
        },
        {
            "paths": ["corpus/reviews/*.txt"],
            "format": "tsv",
            "fields": {"text": "document"},
            "profile": "short",
        },
        60,
    ),
    "modu": (
        {f"modu/NWRW180000000{n}.json": json.dumps(MODU, indent=1).encode() for n in (1, 2)},
        {
            "paths": ["corpus/modu/*.json"],
            "format": "json",
            "records": "document[]",
            "fields": {"text": "paragraph[].form", "date": "metadata.date"},
        },
        40,
    ),
    "squad": (
        {"squad/all.json": json.dumps(SQUAD).encode()},
        {
            "paths": ["corpus/squad/*.json"],
            "format": "json",
            "records": "data[]",
            "fields": {"text": "paragraphs[].context"},
        },
        9,
    ),
    "qna": (
        {
            "qna/qna.csv": b"no,question,answer\n"
            + "".join(
                f'{n},"{SHORT[n]}, 왜 그런가?","{SHORT[n]}. 그래서다."\n' for n in range(9)
            ).encode("cp949")
        },
        {
            "paths": ["corpus/qna/*.csv"],
            "format": "csv",
            "fields": {"id": "no", "text": ["question", "answer"]},
            "encoding": "cp949",
            "profile": "short",
        },
        9,
    ),
    "table": (
        {
            "table/a.parquet": parquet(
                [{"doc_id": f"d{n}", "content": t} for n, t in enumerate(TEXTS)]
            )
        },
        {
            "paths": ["corpus/table/*.parquet"],
            "format": "parquet",
            "fields": {"id": "doc_id", "text": "content"},
        },
        60,
    ),
    "소설": (
        {f"소설/{n}장.txt": text.encode("cp949", "replace") for n, text in enumerate(TEXTS[:7])},
        {"paths": ["corpus/소설/*.txt"], "format": "text", "profile": "literature"},
        7,
    ),
    "pages": (
        {f"pages/a/{n}.html": PAGE.format(text).encode() for n, text in enumerate(TEXTS[:7])},
        {"paths": ["corpus/pages/**/*.html"], "format": "html"},
        7,
    ),
    "comments": (
        {"comments/all.txt": "\n".join(SHORT * 400).encode()},
        {"paths": ["corpus/comments/*.txt"], "format": "lines", "profile": "short"},
        24_000,
    ),
    "wiki": (
        {
            f"wiki/{folder}/wiki_{n:02d}": lines(
                [
                    {"id": str(k), "url": "https://x.kr", "title": "가", "text": t}
                    for k, t in enumerate(TEXTS)
                ]
            )
            for folder in ("AA", "AB")
            for n in range(2)
        },
        {"paths": ["corpus/wiki/**/wiki_*"], "format": "jsonl"},
        240,
    ),
}
