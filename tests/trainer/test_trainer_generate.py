"""Sampling: what may come, what may not, and when it ends."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tokenizer.errors import MalmoiError
from trainer.__main__ import train_run
from trainer.config import ModelConfig
from trainer.export import export
from trainer.generate import Sampling, choose, forbidden_ids, generate, load_tokenizer, sample
from trainer.init import initialise
from trainer.model import NeoX, build

ROWS = 384


@pytest.fixture
def network() -> NeoX:
    made = build(ModelConfig(layers=2, width=32, heads=2, context=24, init_std=0.3), ROWS)
    initialise(made, 0)
    return made


def drawn(network: NeoX, ids: list[int], **changes: object) -> list[int]:
    ends = {"end": 2, "forbidden": torch.zeros(ROWS, dtype=torch.bool)}
    ends |= {name: changes.pop(name) for name in ends if name in changes}
    how = replace(Sampling(max_tokens=60, temperature=1.0, top_p=1.0), **changes)
    return sample(network, ids, how, **ends)


def test_greedy_with_the_cache_is_the_likeliest_without(network: NeoX) -> None:
    known = [5, 6, 7]
    for _ in range(20):
        with torch.no_grad():
            known.append(int(network(torch.tensor([known]))[0, -1].argmax()))
    assert drawn(network, [5, 6, 7], temperature=0.0, max_tokens=20, end=-1) == known[3:]


def test_a_full_context_goes_on_from_its_later_half(network: NeoX) -> None:
    new = drawn(network, list(range(4, 40)), temperature=0.0, max_tokens=50, end=-1)
    assert len(new) == 50
    known = [*range(4, 40), *new]
    with torch.no_grad():
        first = network(torch.tensor([known[12:36]]))[0, -1].argmax()  # the prompt's last 24
        second = network(torch.tensor([known[25:37]]))[0, -1].argmax()  # the last 12 of 37
    assert [int(first), int(second)] == new[:2]


def test_the_same_seed_draws_the_same(network: NeoX) -> None:
    assert drawn(network, [5]) == drawn(network, [5])
    assert drawn(network, [5]) != drawn(network, [5], seed=1)


def test_it_stops_at_the_end_of_text(network: NeoX) -> None:
    whole = drawn(network, [5], end=-1)
    end = whole[10]
    assert drawn(network, [5], end=end) == whole[: whole.index(end)]


def test_forbidden_ids_never_come(network: NeoX, tokenizer_dir: Path) -> None:
    tokenizer = load_tokenizer(tokenizer_dir)
    forbidden = forbidden_ids(tokenizer, ROWS, end=2)
    assert forbidden.nonzero().flatten().tolist() == [0, 1, 3, *range(300, 384)]
    new = drawn(network, [5], forbidden=forbidden, temperature=50.0, max_tokens=500, end=-1)
    assert len(new) > 100
    assert not forbidden[new].any()


def test_top_k_and_top_p_cut_the_tail() -> None:
    logits = torch.tensor([0.1, 0.5, 0.25, 0.15]).log()

    def seen(**how: float) -> set[int]:
        settings = replace(Sampling(temperature=1.0, top_p=1.0), **how)
        generator = torch.Generator().manual_seed(0)
        return {choose(logits, settings, generator) for _ in range(200)}

    assert seen() == {0, 1, 2, 3}
    assert seen(top_k=2) == {1, 2}
    assert seen(top_p=0.74) == {1, 2}
    assert seen(top_p=0.76) == {1, 2, 3}
    assert seen(top_p=0.01) == seen(top_k=1) == seen(temperature=0.0) == {1}


def test_frequencies_are_the_probabilities() -> None:
    logits = torch.tensor([0.2, 0.5, 0.3]).log()
    generator = torch.Generator().manual_seed(0)
    counts = torch.zeros(3)
    for _ in range(4000):
        counts[choose(logits, Sampling(temperature=1.0, top_p=1.0), generator)] += 1
    assert torch.allclose(counts / 4000, torch.tensor([0.2, 0.5, 0.3]), atol=0.03)


def test_an_export_writes_korean(run_dir: Path, tokenizer_dir: Path) -> None:
    tokens = run_dir / "tokens" / "manifest.json"
    described = json.loads(tokens.read_text())
    assert described["dataset"]["vocab_size"] == 64  # the model's ids are some of the tokenizer's
    recipe = run_dir / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("context: 32", "context: 32, vocab_rows: 300"))
    train_run(run_dir)
    export(run_dir / "checkpoints", tokenizer_dir, run_dir / "export")
    text = generate(run_dir / "export", "우리말 사전", Sampling(max_tokens=30, seed=4))
    assert text.startswith("우리말 사전")
    assert text == generate(run_dir / "export", "우리말 사전", Sampling(max_tokens=30, seed=4))
    assert text != generate(run_dir / "export", "우리말 사전", Sampling(max_tokens=30, seed=5))
    assert isinstance(generate(run_dir / "export", "", Sampling(max_tokens=3)), str)
    for wrong in ({"temperature": -1.0}, {"top_p": 0.0}, {"top_k": -1}, {"max_tokens": 0}):
        with pytest.raises(MalmoiError, match="give max_tokens from 1"):
            Sampling(**wrong)
    (run_dir / "export" / "malmoi.model").unlink()
    with pytest.raises(MalmoiError, match="no tokenizer"):
        generate(run_dir / "export", "말")


def test_samples_are_written_at_each_validation(run_dir: Path, tokenizer_dir: Path) -> None:
    (run_dir / "tokenizer").symlink_to(tokenizer_dir)
    recipe = run_dir / "recipe.yaml"
    recipe.write_text(
        recipe.read_text()
        .replace("context: 32", "context: 32, vocab_rows: 300")
        .replace("train: {", "train: {sample_prompts: ['말'], sample_tokens: 5, ")
    )
    train_run(run_dir)
    lines = (run_dir / "checkpoints" / "samples.jsonl").read_text().splitlines()
    samples = [json.loads(line) for line in lines]
    assert [sample["step"] for sample in samples] == [5, 10, 12]
    assert all(sample["text"].startswith("말") for sample in samples)
