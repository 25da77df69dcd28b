"""Readers: every line is a document or a failure, and damage stays where it is."""

import gzip
import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import storage
from pipeline.settings import Clean, FieldNames, Source
from pipeline.sources.read import read_unit
from pipeline.sources.records import EXCERPT_CHARS, excerpt
from pipeline.sources.stream import CHUNK
from pipeline.sources.units import WorkUnit, plan_units
from tests.sources.reading import JSONL, LINES, dump, flat, read, zstd


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])  # the bytes tell, not the name
def test_formats(pack: Any, name: str) -> None:
    documents, failed = read(pack(dump(LINES)), name=f"mock://formats/{name}")
    assert [(d["id"], d["text"]) for d in documents] == [(r["id"], r["text"]) for r in LINES]
    assert [d["place"] for d in documents] == [f"{name}:{n}" for n in range(1, 6)]
    assert failed == []


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_members_follow_each_other(pack: Any) -> None:
    parts = [dump(LINES[:2]), dump(LINES[2:])[:50], dump(LINES[2:])[50:]]
    documents, failed = read(b"".join(pack(part) for part in parts))
    assert [d["text"] for d in documents] == [r["text"] for r in LINES]
    assert failed == []


def noisy(count: int) -> list[dict[str, str]]:
    """Records that compress badly, so that the compressed file is many reads long."""
    rng = random.Random(1)
    return [
        {"text": "".join(chr(rng.randrange(0xAC00, 0xD7A4)) for _ in range(700))}
        for _ in range(count)
    ]


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.93, 0.999])
def test_truncated_file_gives_its_whole_lines_and_one_failure(pack: Any, share: float) -> None:
    records = noisy(400)
    whole = pack(dump(records))
    documents, failed = read(whole[: int(len(whole) * share)])
    assert [d["text"] for d in documents] == [r["text"] for r in records[: len(documents)]]
    # a compressor's block of at most 128 KiB is what can be missing
    assert len(documents) >= int(400 * share) - 1 - (1 << 17) // 2100
    assert [(f["rule"], f["place"]) for f in failed] == [
        ("truncated_file", f"a.jsonl:{len(documents) + 1}")
    ]


def test_truncation_at_a_line_end_is_a_failure_too() -> None:
    data = gzip.compress(dump(LINES))
    documents, failed = read(data[:-8])  # all the text, without the member's length and CRC
    assert len(documents) == 5
    assert [(f["rule"], f["place"], f["text"]) for f in failed] == [
        ("truncated_file", "a.jsonl:6", "")
    ]


def test_corrupt_block_keeps_what_lies_before() -> None:
    records = noisy(400)
    data = bytearray(gzip.compress(dump(records)))
    data[len(data) // 2 : len(data) // 2 + 2000] = b"\xff" * 2000
    documents, failed = read(bytes(data))
    # deflate may decode a little of the damage before it notices
    assert len(documents) + len(failed) > 150
    assert [d["text"] for d in documents[:150]] == [r["text"] for r in records[:150]]
    assert failed[-1]["rule"] == "corrupt_file"


BAD = {
    "bad_json": [
        b"{",
        b'{"text": "a"',
        b"\xff\xfe\xfd",
        b'{"text": "\xe0\x80"}',
        b"[" * 100_000,
        b"nul",
    ],
    "bad_record": [b"[1]", b'"text"', b"3", b"null", b"{}", b'{"text": null}', b'{"text": ["a"]}'],
    "empty_text": [b'{"text": ""}', b'{"text": " \\n\\t\\u3000"}'],
}


@pytest.mark.parametrize(("rule", "line"), [(rule, line) for rule in BAD for line in BAD[rule]])
def test_bad_line(rule: str, line: bytes) -> None:
    documents, failed = read(dump(LINES[:1]) + line + b"\r\n\n  \n" + dump(LINES[1:2]))
    assert [d["place"] for d in documents] == ["a.jsonl:1", "a.jsonl:5"]
    assert [(f["rule"], f["place"], f["step"]) for f in failed] == [(rule, "a.jsonl:2", "read")]
    assert len(failed[0]["text"]) <= EXCERPT_CHARS


def corrupted(line: bytes, kind: int, at: int, noise: bytes) -> bytes:
    noise = noise.replace(b"\n", b"")
    at %= len(line)
    if kind == 0:
        return line[:at]
    if kind == 1:
        return line[:at] + noise + line[at:]
    return noise


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=8),
    kind=st.integers(0, 2),
    at=st.integers(0, 10_000),
    victim=st.integers(0, 10_000),
    noise=st.binary(max_size=12),
    pack=st.sampled_from([bytes, gzip.compress]),
    ends=st.booleans(),
)
def test_corrupt_line_never_costs_a_neighbour(
    texts: list[str], kind: int, at: int, victim: int, noise: bytes, pack: Any, ends: bool
) -> None:
    lines = [json.dumps({"text": text}).encode() for text in texts]
    victim %= len(lines)
    lines[victim] = corrupted(lines[victim], kind, at, noise)
    documents, failed = read(pack(b"\n".join(lines) + b"\n" * ends))
    held = {row["place"]: row for row in documents + failed}
    blank = not lines[victim].removeprefix(b"\xef\xbb\xbf" if victim == 0 else b"").strip()
    assert len(held) == len(documents) + len(failed) == len(lines) - blank
    for number, text in enumerate(texts):
        if number != victim:
            row = held[f"a.jsonl:{number + 1}"]
            if text.isspace():
                assert row["rule"] == "empty_text"
            else:
                assert row["text"] == text.encode("utf-16", "surrogatepass").decode(
                    "utf-16", "replace"
                )


def test_surrogates_nul_nan_and_bom() -> None:
    lines = [
        b'\xef\xbb\xbf{"text": "\xea\xb0\x80 \\ud83d\\ude00", "id": 1}',
        b'{"text": "half \\ud83d end \\ude00", "id": 2.5}',
        b'{"text": "nul \\u0000 here", "score": NaN, "id": true}',
        b'{"text": "plain", "id": {"a": 1}, "url": "", "date": 2019}',
    ]
    documents, failed = read(b"\n".join(lines))
    assert failed == []
    assert [d["text"] for d in documents] == [
        "가 😀",
        "half \ufffd end \ufffd",
        "nul \0 here",
        "plain",
    ]
    assert [d["id"] for d in documents] == ["1", "2.5", None, None]
    assert (documents[3]["url"], documents[3]["date"]) == (None, "2019")


def test_fields() -> None:
    source = Source(
        name="s",
        paths=["*"],
        fields=FieldNames(
            id="no", text="body", url="link", date="when", meta=["tags", "by", "gone"]
        ),
    )
    record = {
        "no": 7,
        "body": "글",
        "link": "http://x",
        "when": "2020-01-01",
        "tags": ["나", 1],
        "by": None,
    }
    documents, _ = read(dump([record, {"body": "둘"}]), source)
    assert documents[0] == {
        "id": "7",
        "text": "글",
        "url": "http://x",
        "date": "2020-01-01",
        "meta": '{"by": null, "tags": ["나", 1]}',
        "place": "a.jsonl:1",
    }
    assert documents[1]["meta"] is None and documents[1]["id"] is None


def test_too_large_document() -> None:
    clean = Clean(max_document_bytes=3000)
    fits, too_long = "가" * 1000, "가" * 1000 + "나"
    documents, failed = read(dump([{"text": fits}, {"id": "x", "text": too_long}]), clean=clean)
    assert [d["text"] for d in documents] == [fits]
    assert [(f["rule"], f["id"], f["value"], f["threshold"]) for f in failed] == [
        ("document_too_large", "x", 3003.0, 3000.0)
    ]


def test_overlong_line_is_skipped_without_holding_it(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.write(dump(LINES[:1]) + b'{"text": "')
        for _ in range(60):
            out.write(b"a" * 1_000_000)
        out.write(b'"}\n' + dump(LINES[1:2]))
    clean = Clean(max_document_bytes=1_000_000)
    unit = plan_units([JSONL.model_copy(update={"paths": [str(path)]})], "/", 10**9)[0]
    tracemalloc.start()
    documents, failed = flat(list(read_unit(unit, JSONL, clean)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [d["place"] for d in documents] == ["long.jsonl.gz:1", "long.jsonl.gz:3"]
    assert [(f["rule"], f["value"]) for f in failed] == [("document_too_large", 60_000_012.0)]
    assert peak < 15_000_000


def test_batches_are_bounded_and_lose_nothing() -> None:
    records = [{"id": str(i), "text": "가나다 " * 100} for i in range(300)] + [{"text": ""}] * 5
    with storage.write_atomic("mock://batches/a.jsonl") as file:
        file.write(dump(records))
    unit = WorkUnit(0, "news", tuple(storage.glob("mock://batches/*")))
    reads = list(read_unit(unit, JSONL, Clean(batch_bytes=20_000)))
    assert len(reads) > 10
    assert all(sum(map(len, each.documents["text"].to_pylist())) <= 20_000 for each in reads)
    documents, failed = flat(reads)
    assert [d["id"] for d in documents] == [str(i) for i in range(300)] and len(failed) == 5


def test_lines_across_chunks() -> None:
    records = [{"text": "말" * length} for length in (CHUNK // 3 - 5, CHUNK, 1, CHUNK // 6, 2)]
    documents, failed = read(dump(records))
    assert [d["text"] for d in documents] == [r["text"] for r in records] and failed == []


def test_excerpt_never_ends_within_a_number() -> None:
    secret = "전화 010-1234-5678"
    for padding in range(EXCERPT_CHARS - 30, EXCERPT_CHARS + 5):
        cut = excerpt("가" * padding + secret + "나" * 50)
        assert len(cut) <= EXCERPT_CHARS
        assert "010" not in cut or "010-1234-5678" in cut
    assert excerpt("짧은 글 010") == "짧은 글 010"
