"""KoBEST (Kim et al. 2022, arXiv:2204.04541): five tasks, answered by the likeliest choice.

Prompts and scores are those of EleutherAI's lm-evaluation-harness (lm_eval/tasks/kobest): a prompt
and each of its choices, joined by a space, are encoded together; a choice scores the logarithm of
its tokens' probability, and the best choice is the answer. Examples with their answers go before
the prompt, and no further token. What is longer than the context loses its beginning.
"""

import gzip
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sentencepiece
import torch

from tokenizer.errors import CorruptFileError, MalmoiError
from trainer.export import load_export
from trainer.generate import load_tokenizer
from trainer.model import NeoX

BATCH_TOKENS = 1 << 14  # that the model reads at once
SEED = 0  # of the examples drawn

Row = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """A prompt, its choices and the number of the right one."""

    prompt: str
    choices: list[str]
    label: int

    @property
    def example(self) -> str:
        return f"{self.prompt} {self.choices[self.label]}\n\n"


def _boolq(row: Row) -> tuple[str, list[str]]:
    # The blank at the end is the published prompt's; the one before the choice makes it two.
    return f"{row['paragraph']} 질문: {row['question']} 답변: ", ["아니오", "예"]


def _copa(row: Row) -> tuple[str, list[str]]:
    connector = {"원인": " 왜냐하면", "결과": " 그래서"}[row["question"].strip()]
    return f"{row['premise']} {connector}", [row["alternative_1"], row["alternative_2"]]


def _hellaswag(row: Row) -> tuple[str, list[str]]:
    return f"문장: {row['context']}", [row[f"ending_{number}"] for number in (1, 2, 3, 4)]


def _sentineg(row: Row) -> tuple[str, list[str]]:
    return f"문장: {row['sentence']} 긍부정:", ["부정", "긍정"]


def _wic(row: Row) -> tuple[str, list[str]]:
    asked = f"두 문장에서 {row['word']}가 같은 뜻으로 쓰였나?"
    return f"문장1: {row['context_1']} 문장2: {row['context_2']} {asked}", ["아니오", "예"]


TASKS: dict[str, Callable[[Row], tuple[str, list[str]]]] = {
    function.__name__.strip("_"): function
    for function in (_boolq, _copa, _hellaswag, _sentineg, _wic)
}


def kobest(
    export_dir: Path, folder: Path, shots: Sequence[int] = (0,), limit: int | None = None
) -> dict[str, dict[str, Any]]:
    """Figures of an exported model on the test split of each task: {"0-shot": {"boolq": ...}}.

    A task's: {items, accuracy, macro_f1, accuracy_norm (of hellaswag: choices compared by score a
    character), truncated (choices whose prompt lost its beginning), examples_from}. Examples are
    drawn for each item by SEED and its number, from the training split where `folder` holds one,
    else validation, else the other items of the test split. `limit`: the first items of a task.
    Raises MalmoiError for a file that is missing, no question, or has too few examples.
    """
    network, _ = load_export(Path(export_dir), "cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = load_tokenizer(Path(export_dir))
    figures: dict[str, dict[str, Any]] = {f"{count}-shot": {} for count in shots}
    for task in TASKS:
        test = read(folder, task, "test")
        if not test:
            raise MalmoiError(f"{folder}: kobest_{task}_test.jsonl[.gz] is not there, or empty")
        found = ((split, read(folder, task, split)) for split in ("train", "validation"))
        split, pool = next(((name, rows) for name, rows in found if rows), ("test", test))
        for count in shots:
            prompts = list(with_examples(test[:limit], pool, count, SEED, task))
            figures[f"{count}-shot"][task] = {
                **answer(network, tokenizer, prompts, normed=task == "hellaswag"),
                "examples_from": split if count else None,
            }
    return figures


def read(folder: Path, task: str, split: str) -> list[Question]:
    """The questions of `kobest_TASK_SPLIT.jsonl[.gz]`; none where there is no such file."""
    names = [Path(folder) / f"kobest_{task}_{split}.jsonl{end}" for end in (".gz", "")]
    path, questions = next((path for path in names if path.is_file()), None), list[Question]()
    if path is None:
        return questions
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for row in map(json.loads, lines):
                prompt, choices = TASKS[task](row)
                _ = choices[row["label"]]
                questions.append(Question(prompt, choices, row["label"]))
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise CorruptFileError(
            f"{path}:{len(questions) + 1}: no question of {task} ({error!r}); its fields must be "
            "those of KoBEST's public release"
        ) from error
    return questions


def with_examples(
    asked: list[Question], pool: list[Question], count: int, seed: int, task: str
) -> Iterator[Question]:
    """Each question with `count` others of the pool, and their answers, before it."""
    for number, question in enumerate(asked):
        others = [one for one in pool if one is not question]
        if count > len(others):
            raise MalmoiError(f"{count} examples of {task} are asked for, there are {len(others)}")
        drawn = random.Random(f"{seed} {task} {number}").sample(others, count)
        prompt = "".join(one.example for one in drawn) + question.prompt
        yield Question(prompt, question.choices, question.label)


def answer(
    network: NeoX,
    tokenizer: sentencepiece.SentencePieceProcessor,
    questions: list[Question],
    normed: bool = False,
) -> dict[str, Any]:
    """Accuracy and macro F1 of the likeliest choices; `normed`: by score a character as well."""
    pairs = [encode(tokenizer, one.prompt, f" {c}") for one in questions for c in one.choices]
    scores, context = iter(log_likelihoods(network, pairs)), network.config.context
    gold, answers, by_character = [one.label for one in questions], [], []
    for one in questions:
        each = [next(scores) for _ in one.choices]
        answers.append(each.index(max(each)))
        each = [score / len(choice) for score, choice in zip(each, one.choices, strict=True)]
        by_character.append(each.index(max(each)))
    figures = {
        "items": len(questions),
        "accuracy": sum(map(int.__eq__, gold, answers)) / len(gold),
        "macro_f1": macro_f1(gold, answers),
        "truncated": sum(len(first) + len(rest) - 1 > context for first, rest in pairs),
    }
    if normed:
        figures["accuracy_norm"] = sum(map(int.__eq__, gold, by_character)) / len(gold)
    return figures


def encode(
    tokenizer: sentencepiece.SentencePieceProcessor, prompt: str, choice: str
) -> tuple[list[int], list[int]]:
    """Ids of a prompt without the blanks at its end, and those that the whole text has after."""
    first = tokenizer.encode(prompt.rstrip())
    return first, tokenizer.encode(prompt + choice)[len(first) :]


@torch.no_grad()
def log_likelihoods(network: NeoX, pairs: list[tuple[list[int], list[int]]]) -> list[float]:
    """Of each pair (ids, ids that follow): the natural logarithm of the latter's probability.

    MalmoiError where what follows is longer than the context.
    """
    context, device = network.config.context, network.embed_out.weight.device
    longest = max(len(rest) for _, rest in pairs)
    if longest > context:
        raise MalmoiError(f"a choice has {longest} tokens, the model's context {context}")
    whole = [(first + rest)[-context - 1 :] for first, rest in pairs]
    by_length = sorted(range(len(pairs)), key=lambda i: -len(whole[i]))
    scores = [0.0] * len(pairs)
    while by_length:
        length = len(whole[by_length[0]]) - 1
        size = max(1, BATCH_TOKENS // length)
        rows, by_length = by_length[:size], by_length[size:]
        inputs = [whole[i][:-1] + [0] * (length + 1 - len(whole[i])) for i in rows]
        hidden = network.gpt_neox(torch.tensor(inputs, device=device), None, None)
        for row, i in enumerate(rows):  # the head reads what is scored, and nothing else
            ids, end = pairs[i][1], len(whole[i]) - 1
            logits = network.embed_out(hidden[row, end - len(ids) : end]).float()
            targets = torch.tensor(ids, device=device)[:, None]
            scores[i] = logits.log_softmax(dim=-1).gather(1, targets).double().sum().item()
    return scores


def macro_f1(gold: Sequence[int], answers: Sequence[int]) -> float:
    """The mean, over the labels that are right or given anywhere, of 2 tp / (2 tp + fp + fn)."""
    right, labels = [g for g, a in zip(gold, answers, strict=True) if g == a], {*gold, *answers}
    each = [2 * right.count(x) / (gold.count(x) + answers.count(x)) for x in labels]
    return sum(each) / len(each)
