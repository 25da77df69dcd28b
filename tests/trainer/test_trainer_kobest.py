"""KoBEST's choices are scored as a plain computation by transformers scores them."""

import gzip
import json
import shutil
from pathlib import Path

import pytest
import sentencepiece
import torch
from transformers import AutoModelForCausalLM

from tokenizer.errors import CorruptFileError, MalmoiError
from trainer import kobest as module
from trainer.config import ModelConfig
from trainer.export import huggingface_config, load_export
from trainer.generate import load_tokenizer
from trainer.init import initialise
from trainer.kobest import TASKS, answer, kobest, log_likelihoods, macro_f1, read, with_examples
from trainer.model import build

WORDS = ("말", "모이", "우리말", "사전", "뜻", "글자", "소리", "한글", "책", "사람")


def text(number: int) -> str:
    return " ".join(WORDS[(number * 7 + i) % 10] for i in range(3 + number % 4))


def rows(task: str, count: int) -> list[dict[str, object]]:
    """Items with the fields of the public release."""
    made = []
    for n in range(count):
        fields = {
            "boolq": {"paragraph": text(n), "question": text(n + 1)},
            "copa": {
                "premise": text(n),
                "question": ("원인", "결과")[n % 2],
                "alternative_1": text(n + 2),
                "alternative_2": text(n + 5),
            },
            "hellaswag": {
                "context": text(n),
                **{f"ending_{i}": text(n + 3 * i) for i in (1, 2, 3, 4)},
            },
            "sentineg": {"sentence": text(n)},
            "wic": {"word": "말", "context_1": text(n), "context_2": text(n + 3)},
        }[task]
        made.append({"id": f"{task}-{n}", **fields, "label": n % (4 if task == "hellaswag" else 2)})
    return made


def write(folder: Path, task: str, split: str, items: list[dict[str, object]]) -> None:
    lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    path = folder / f"kobest_{task}_{split}.jsonl.gz"
    path.write_bytes(gzip.compress(lines.encode()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "kobest"
    made.mkdir()
    for task in TASKS:
        write(made, task, "test", rows(task, 6))
        write(made, task, "validation", rows(task, 9)[6:])
    return made


@pytest.fixture(scope="module")
def export_dir(tokenizer_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model of 64 tokens of context, with its tokenizer."""
    from safetensors.torch import save_file

    made = tmp_path_factory.mktemp("export")
    model = ModelConfig(layers=2, width=64, heads=2, context=64, init_std=0.5)
    network = build(model, 384)
    initialise(network, 0)
    save_file(network.state_dict(), made / "model.safetensors", {"format": "pt"})
    facts = {"rows": 384, "vocab_size": 300, "end_of_text": 2, "tokenizer_sha256": ""}
    (made / "config.json").write_text(json.dumps(huggingface_config(model, facts)))
    shutil.copyfile(tokenizer_dir / "malmoi.model", made / "malmoi.model")
    return made


def plain_scores(export_dir: Path, prompt: str, choices: list[str]) -> list[float]:
    """Each choice alone, by transformers, as the harness does it."""
    theirs = AutoModelForCausalLM.from_pretrained(export_dir).eval()
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(export_dir / "malmoi.model"))
    scores = []
    for choice in choices:
        blanks = len(prompt) - len(prompt.rstrip())
        context, target = prompt[: len(prompt) - blanks], prompt[len(prompt) - blanks :]
        first = tokenizer.encode(context)
        rest = tokenizer.encode(context + target + " " + choice)[len(first) :]
        ids = (first + rest)[-65:]
        with torch.no_grad():
            logits = theirs(torch.tensor([ids[:-1]])).logits[0].double().log_softmax(-1)
        scores.append(sum(logits[at, ids[at]].item() for at in range(-len(rest), 0)))
    return scores


@pytest.mark.parametrize("task", TASKS)
def test_scores_are_those_of_a_plain_computation(
    folder: Path, export_dir: Path, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, tokenizer = load_export(export_dir)[0], load_tokenizer(export_dir)
    test, pool = read(folder, task, "test"), read(folder, task, "validation")
    monkeypatch.setattr(module, "BATCH_TOKENS", 200)
    for shots in (0, 2):
        asked = list(with_examples(test, pool, shots, 0, task))
        pairs = [
            module.encode(tokenizer, one.prompt, f" {choice}")
            for one in asked
            for choice in one.choices
        ]
        scores = log_likelihoods(network, pairs)
        expected = [plain_scores(export_dir, one.prompt, one.choices) for one in asked]
        assert scores == pytest.approx([s for each in expected for s in each], rel=1e-5)
        figures = answer(network, tokenizer, asked, normed=True)
        right = [
            each.index(max(each)) == one.label for each, one in zip(expected, asked, strict=True)
        ]
        assert figures["accuracy"] == sum(right) / 6
        by_character = [
            max(range(len(each)), key=lambda i: each[i] / len(one.choices[i])) == one.label
            for each, one in zip(expected, asked, strict=True)
        ]
        assert figures["accuracy_norm"] == sum(by_character) / 6
        cut = sum(len(first) + len(rest) > 65 for first, rest in pairs)
        assert figures["truncated"] == cut
        if (task, shots) in (("wic", 2), ("copa", 0)):
            assert (cut > 0) == (shots > 0)


def test_prompts_are_the_published_ones() -> None:
    row = {"paragraph": "갑", "question": "을", "premise": "병", "context": "정", "sentence": "무"}
    row |= {"word": "기", "context_1": "경", "context_2": "신", "alternative_1": "임"}
    row |= {"alternative_2": "계", **{f"ending_{i}": str(i) for i in (1, 2, 3, 4)}}
    made = {task: TASKS[task]({**row, "question": "결과 "}) for task in TASKS if task != "boolq"}
    assert TASKS["boolq"](row) == ("갑 질문: 을 답변: ", ["아니오", "예"])
    assert made["copa"] == ("병  그래서", ["임", "계"])
    assert TASKS["copa"]({**row, "question": "원인"})[0] == "병  왜냐하면"
    assert made["hellaswag"] == ("문장: 정", ["1", "2", "3", "4"])
    assert made["sentineg"] == ("문장: 무 긍부정:", ["부정", "긍정"])
    wic = "문장1: 경 문장2: 신 두 문장에서 기가 같은 뜻으로 쓰였나?"
    assert made["wic"] == (wic, ["아니오", "예"])
    question = module.Question(*TASKS["boolq"](row), label=1)
    assert question.example == "갑 질문: 을 답변:  예\n\n"


def test_macro_f1_by_hand() -> None:
    # label 0: 1 right, 1 too many, 1 missed; label 1: 2, 1, 0; label 2: 0, 0, 1
    assert macro_f1([0, 0, 1, 1, 2], [0, 1, 1, 1, 0]) == pytest.approx((0.5 + 0.8 + 0) / 3)
    assert macro_f1([0, 1], [0, 1]) == 1.0
    assert macro_f1([0, 0], [1, 1]) == 0.0


def test_figures_of_all_tasks(folder: Path, export_dir: Path) -> None:
    figures = kobest(export_dir, folder, (0, 3), limit=4)
    assert [*figures] == ["0-shot", "3-shot"]
    for tasks in figures.values():
        assert [*tasks] == [*TASKS]
        assert all(one["items"] == 4 for one in tasks.values())
        assert ["accuracy_norm" in one for one in tasks.values()] == [False, False, True] + [
            False
        ] * 2
    assert {one["examples_from"] for one in figures["3-shot"].values()} == {"validation"}
    assert {one["examples_from"] for one in figures["0-shot"].values()} == {None}
    assert figures == kobest(export_dir, folder, (0, 3), limit=4)


def test_examples_are_drawn_by_seed_and_never_the_question_itself(folder: Path) -> None:
    test = read(folder, "boolq", "test")
    one = list(with_examples(test, test, 5, 0, "boolq"))
    for asked, question in zip(one, test, strict=True):
        before = asked.prompt.removesuffix(question.prompt)
        assert sorted(before.split("\n\n")[:-1]) == sorted(
            other.example.strip() for other in test if other is not question
        )
    assert [q.prompt for q in with_examples(test, test, 2, 1, "boolq")] != [
        q.prompt for q in with_examples(test, test, 2, 0, "boolq")
    ]
    assert (
        list(with_examples(test[:2], test, 2, 0, "boolq"))
        == list(with_examples(test, test, 2, 0, "boolq"))[:2]
    )
    with pytest.raises(MalmoiError, match="6 examples of boolq are asked for, there are 5"):
        list(with_examples(test, test, 6, 0, "boolq"))


def test_examples_come_from_the_best_split_there_is(folder: Path, export_dir: Path) -> None:
    write(folder, "copa", "train", rows("copa", 3))
    (folder / "kobest_wic_validation.jsonl.gz").unlink()
    figures = kobest(export_dir, folder, (1,), limit=1)["1-shot"]
    named = {task: one["examples_from"] for task, one in figures.items()}
    assert (named["copa"], named["wic"], named["boolq"]) == ("train", "test", "validation")


def test_faults_are_named(folder: Path, export_dir: Path) -> None:
    write(folder, "wic", "test", [*rows("wic", 1), {"word": "말", "label": 0}])
    with pytest.raises(CorruptFileError, match=r"wic_test.jsonl.gz:2: no question of wic"):
        kobest(export_dir, folder)
    write(folder, "wic", "test", [{**rows("wic", 1)[0], "label": 2}])
    with pytest.raises(CorruptFileError, match=r"wic_test.jsonl.gz:1: no question of wic"):
        kobest(export_dir, folder)
    (folder / "kobest_wic_test.jsonl.gz").unlink()
    with pytest.raises(MalmoiError, match=r"kobest_wic_test.* is not there"):
        kobest(export_dir, folder)
    long = [{**rows("copa", 1)[0], "alternative_1": text(0) * 40}]
    write(folder, "copa", "test", long)
    with pytest.raises(MalmoiError, match=r"a choice has .* tokens, the model's context 64"):
        kobest(export_dir, folder)
