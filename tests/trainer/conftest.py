"""Small tokens directories, written through the shard writer, and a small tokenizer."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
from hypothesis import settings

from tokenizer.shards import ShardWriter
from tokenizer.special import CONTROL, END_OF_TEXT_ID

Documents = dict[str, list[list[int]]]  # source: documents, as token ids with their end-of-text
WriteTokens = Callable[..., Path]

settings.register_profile("trainer", deadline=None)  # a busy machine is no fault
settings.load_profile("trainer")

WORDS = ("말", "모이", "우리말", "사전", "뜻", "글자", "소리", "한글", "책", "사람")


def restamp(tokens_dir: Path) -> None:
    """Make the manifest agree with the sizes and hashes of the files as they are now."""
    path = tokens_dir / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, stamp in manifest["files"].items():
        data = (tokens_dir.parent / name).read_bytes()
        stamp.update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    path.write_text(json.dumps(manifest))


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models this small only lose by a second thread, most of all on a busy machine."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def write_tokens() -> WriteTokens:
    """`write_tokens(run, train, validation={}, vocab_size=64, weights={}, shard_documents=3)`.

    Returns RUN/tokens. Token i stands for 1 + i % 5 bytes, the first four for none.
    """

    def write(
        run: Path,
        train: Documents,
        validation: Documents | None = None,
        *,
        vocab_size: int = 64,
        weights: dict[str, float] | None = None,
        shard_documents: int = 3,
    ) -> Path:
        root = run / "tokens"
        splits: dict[str, list[dict[str, object]]] = {}
        files: dict[str, dict[str, object]] = {}
        for split, sources in (("train", train), ("validation", validation or {})):
            splits[split] = []
            for source, documents in sources.items():
                for number in range(0, len(documents), shard_documents):
                    part = documents[number : number + shard_documents]
                    name = f"{split}/{source}-{number // shard_documents:05d}"
                    (root / name).parent.mkdir(parents=True, exist_ok=True)
                    with ShardWriter(root / name, np.dtype("<u2")) as shard:
                        for document in part:
                            shard.add(np.array(document, dtype=np.uint16))
                    entry = {"path": name, "source": source, "documents": len(part)}
                    entry["weight"] = (weights or {}).get(source, 1.0)
                    entry["tokens"] = sum(map(len, part))
                    splits[split].append({**entry, "bytes": 0, "an extra key": True})
                    files |= {f"tokens/{name}.{suffix}": {} for suffix in ("bin", "idx")}
        token_bytes = (1 + np.arange(vocab_size) % 5).astype(np.uint16)
        token_bytes[: len(CONTROL)] = 0
        np.save(root / "token_bytes.npy", token_bytes)
        dataset = {"tokenizer_sha256": "ab" * 32, "vocab_size": vocab_size, "dtype": "uint16"}
        dataset |= {"end_of_text": END_OF_TEXT_ID, "splits": splits}
        manifest = {"dataset": dataset, "files": files, "key": "of another reader"}
        (root / "manifest.json").write_text(json.dumps(manifest))
        restamp(root)
        return root

    return write


def documents(count: int, seed: int, vocab_size: int = 64, longest: int = 60) -> list[list[int]]:
    """Documents that can be learnt: each counts on from a random id by a random stride."""
    drawn = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        start, stride, length = drawn.integers((4, 1, 5), (vocab_size, 4, longest))
        ids = 4 + (start + stride * np.arange(length)) % (vocab_size - 4)
        made.append([*ids.tolist(), END_OF_TEXT_ID])
    return made


@pytest.fixture(name="documents")
def documents_fixture() -> Callable[..., list[list[int]]]:
    return documents


@pytest.fixture(name="restamp")
def restamp_fixture() -> Callable[[Path], None]:
    return restamp


@pytest.fixture
def run_dir(tmp_path: Path, write_tokens: WriteTokens) -> Path:
    """A run directory with two sources, a validation split and a recipe of 12 small steps."""
    train = {"blog": documents(40, 1), "news": documents(24, 2)}
    write_tokens(tmp_path, train, {"blog": documents(4, 3), "news": documents(3, 4)})
    (tmp_path / "recipe.yaml").write_text(
        "seed: 7\n"
        "model: {layers: 2, width: 32, heads: 2, context: 32}\n"
        "train: {steps: 12, batch_tokens: 128, micro_batch: 4, warmup_steps: 3, eval_every: 5,"
        " save_every: 4, learning_rate: 0.01}\n"
    )
    return tmp_path


@pytest.fixture(scope="session")
def tokenizer_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a `malmoi.model` of 300 entries, its control tokens first."""
    drawn = np.random.default_rng(0)
    lines = [" ".join(drawn.choice(WORDS, 8)) for _ in range(100)]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        model_type="bpe",
        vocab_size=300,
        byte_fallback=True,
        unk_id=0,
        unk_piece=CONTROL[0],
        bos_id=-1,
        eos_id=-1,
        pad_id=-1,
        control_symbols=list(CONTROL[1:]),
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        minloglevel=2,
    )
    folder = tmp_path_factory.mktemp("tokenizer")
    (folder / "malmoi.model").write_bytes(model.getvalue())
    return folder
