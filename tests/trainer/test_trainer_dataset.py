"""Windows lose no token, and damage is found before training."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.errors import CorruptFileError, MalmoiError
from tokenizer.shards import Shard
from trainer.config import ModelConfig, TrainConfig
from trainer.dataset import IGNORED, Dataset, Split, Stream
from trainer.train import train

MODEL = ModelConfig(layers=1, width=16, heads=2, context=32)


def shards(sizes: list[int]) -> list[Shard]:
    """Shards whose tokens count on from 0 over all of them."""
    ends = np.cumsum(sizes)
    tokens = [np.arange(end - n, end, dtype=np.uint16) for n, end in zip(sizes, ends, strict=True)]
    empty = np.array([], dtype=np.int64)
    return [Shard(Path(f"shard-{i}"), part, empty, empty) for i, part in enumerate(tokens)]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=5), st.integers(1, 20))
def test_every_token_but_the_first_is_a_target_once(sizes: list[int], context: int) -> None:
    stream = Stream("blog", 1.0, shards(sizes), context)
    total = sum(sizes)
    windows = np.arange(max(0, stream.windows))
    split = Split([stream], context)
    inputs, targets = split.batch(np.zeros_like(windows), windows)
    valid = targets != IGNORED
    assert targets[valid].tolist() == list(range(1, total))
    assert inputs[valid].tolist() == list(range(total - 1 if total else 0))
    assert split.targets(np.zeros_like(windows), windows) == valid.sum()


def test_a_spread_visits_all_sources_in_proportion() -> None:
    streams = [Stream(str(n), 1.0, shards([n * 10 + 1]), 10) for n in (30, 10)]
    source, window = Split(streams, 10).spread(8)
    assert np.bincount(source).tolist() == [6, 2]
    assert window.tolist() == [0, 5, 10, 15, 20, 25, 0, 5]
    assert len(Split(streams, 10).spread(0)[0]) == len(Split(streams, 10).spread(999)[0]) == 40
    assert len(Split([], 10).spread(8)[0]) == 0


def test_shards_of_a_source_are_one_stream(run_dir: Path) -> None:
    data = Dataset.open(run_dir / "tokens", 32)
    blog = data.train.streams[0]
    entries = [e for e in data.description.splits["train"] if e.source == "blog"]
    parts = [Shard.open(run_dir / "tokens" / entry.path).tokens for entry in entries]
    assert len(parts) == 14
    assert np.array_equal(blog.read(0, blog.tokens), np.concatenate(parts))


def test_the_fingerprint_is_of_the_shards_contents(
    run_dir: Path, tmp_path: Path, restamp: Callable[[Path], None]
) -> None:
    first = Dataset.open(run_dir / "tokens", 32).fingerprint
    files = [*(run_dir / "tokens").glob("*/*.bin"), *(run_dir / "tokens").glob("*/*.idx")]
    hashes = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
    assert first == hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    change(files[0], 0, b"\x05")
    restamp(run_dir / "tokens")
    assert Dataset.open(run_dir / "tokens", 32).fingerprint != first


def change(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2])


def edit(path: Path, **values: object) -> None:
    manifest = json.loads(path.read_text())
    manifest["dataset"] |= values
    path.write_text(json.dumps(manifest))


BIN, IDX = "tokens/train/blog-00001.bin", "tokens/train/blog-00001.idx"
DAMAGE: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "truncated bin": (BIN, cut, "bytes"),
    "truncated idx": (IDX, cut, "bytes"),
    "missing bin": (BIN, Path.unlink, "missing"),
    "id over the vocabulary": (BIN, lambda p: change(p, 2, b"\x40\0"), "token 1 is id 64"),
    "length in the idx": (IDX, lambda p: change(p, 34, b"\x01"), "blog-00001"),
    "manifest is no JSON": ("tokens/manifest.json", cut, "JSON"),
    "manifest lacks a key": (
        "tokens/manifest.json",
        lambda p: p.write_text('{"files": {}}'),
        "dataset: Field required",
    ),
    "dtype": ("tokens/manifest.json", lambda p: edit(p, dtype="int32"), "uint16"),
    "vocabulary": ("tokens/manifest.json", lambda p: edit(p, vocab_size=65), "not uint16.65"),
    "token_bytes": ("tokens/token_bytes.npy", cut, "token_bytes.npy"),
    "no token_bytes": ("tokens/token_bytes.npy", Path.unlink, "missing"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named_before_the_first_step(run_dir: Path, damage: str) -> None:
    name, harm, words = DAMAGE[damage]
    harm(run_dir / name)
    with pytest.raises(CorruptFileError, match=words) as caught:
        train(MODEL, TrainConfig(batch_tokens=64), run_dir / "tokens", run_dir / "out", 0)
    assert "run `malmoi tokenize` again" in str(caught.value) or "run the tokenize" in str(
        caught.value
    )
    assert not list((run_dir / "out").glob("*"))


def test_a_shard_of_the_right_size_with_other_counts_is_refused(
    run_dir: Path, restamp: Callable[[Path], None]
) -> None:
    for suffix in ("bin", "idx"):
        source = run_dir / f"tokens/train/blog-00000.{suffix}"
        (run_dir / f"tokens/train/blog-00001.{suffix}").write_bytes(source.read_bytes())
    restamp(run_dir / "tokens")
    with pytest.raises(CorruptFileError, match="the manifest says 3, "):
        Dataset.open(run_dir / "tokens", 32)


def test_nothing_to_train_on_is_said(tmp_path: Path, write_tokens: Callable[..., Path]) -> None:
    with pytest.raises(MalmoiError, match="no manifest"):
        Dataset.open(tmp_path / "tokens", 32)
    write_tokens(tmp_path, {}, {"blog": [[5, 2]]})
    with pytest.raises(MalmoiError, match="holds no two tokens"):
        Dataset.open(tmp_path / "tokens", 32)
