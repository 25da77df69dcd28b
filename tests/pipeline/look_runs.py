"""Two small runs of one corpus that the commands `explain` and `compare` look at."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from pipeline.commands import resolved_recipe
from pipeline.explain.run import Run
from pipeline.synthetic import generate_documents
from pipeline.workspace import Workspace

TELEPHONE, EMAIL = "010-2345-6789", "gildong.hong@example.com"
SECRETS = ("2345-6789", "23456789", "2345&#45;6789", "2345<b>", "gildong", "２３４５")
"""What no output may hold of the values that are planted."""

PASSAGE = (
    "훈민정음은 세종이 1443년에 만들어 1446년에 반포한 문자이다. 백성이 쉽게 익혀 날마다 쓰게 "
    "하려는 뜻이 서문에 적혀 있으며, 글자를 만든 원리는 해례본에 풀이되어 있다."
)
FOOTER = "이 글은 말모이를 시험하는 마을 신문의 글입니다."
EDITED, EDITS = "바뀐낱말", 3
LIMIT = 38
"""The second run asks for so many characters; it has no news, and leaves recurring lines."""

RECIPE = """\
name: looked
seed: 3
sources:
  - {name: blog, paths: ["blog-*.jsonl"]}
  - {name: news, paths: ["news.jsonl"], priority: 1}
clean: {unit_bytes: 40000}
dedup: {lines: {documents: 5, share: 0.0}}
decontaminate:
  enabled: true
  benchmarks: [{name: quiz, paths: [quiz.jsonl], passages: [paragraph]}]
tokenizer: {vocab_size: 600}
shards: {validation: 0.2}
"""
STRICT = (
    RECIPE.replace(
        "clean: {", f"clean: {{profiles: {{korean: {{too_short: {{threshold: {LIMIT}}}}}}}, "
    )
    .replace('  - {name: news, paths: ["news.jsonl"], priority: 1}\n', "")
    .replace("documents: 5, share: 0.0", "enabled: false")
)

_MAKE = """
import sys
from beam_runner import at_work
from pipeline.recipe import load
recipe, out, *steps = sys.argv[1:]
with at_work(load(recipe), out, workers=1) as job:
    for step in steps:
        job.do(step)
"""


def make_run(recipe: Path, out: Path, *steps: str) -> None:
    """Do some steps, as the commands do them."""
    command = [sys.executable, "-c", _MAKE, str(recipe), str(out), *steps]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


def opened(root: Path) -> Run:
    workspace = Workspace(root)
    return Run.opened(workspace, resolved_recipe(workspace))


def edited(text: str) -> str:
    """The text with `EDITS` of its words replaced, far from one another."""
    words = text.split(" ")
    for number in range(EDITS):
        words[(number + 1) * len(words) // (EDITS + 1)] = f"{EDITED}{number}"
    return " ".join(words)


def write_corpus(folder: Path) -> None:
    """Documents of every fate: kept, edited, removed by rule, copied, contaminated, unreadable."""
    texts = [document["text"] for document in generate_documents(40, seed=11)]
    texts = [f"{text}\n{FOOTER}" if n % 2 else text for n, text in enumerate(texts)]
    rows: list[dict[str, Any]] = [{"id": f"d-{n}", "text": text} for n, text in enumerate(texts)]
    contact = f"연락은 {TELEPHONE} 또는 {EMAIL} 로 주세요."
    long = "\n".join([texts[2], contact, texts[4]])
    rows += [
        {"id": "values", "text": long},
        {"id": "values-copy", "text": edited(long)},
        {"id": "broken-values", "text": f"{texts[6]}\n전화 <b>010</b>-2345&#45;6789 로   주세요."},
        {"id": "wide-values", "text": f"{texts[8]} 전화　０１０-２３４５-６７８９로 <p>주세요."},
        {"id": "copy", "text": edited(f"{texts[10]} {texts[12]}")},
        {"id": "copied", "text": f"{texts[10]} {texts[12]}"},
        {"id": "spaced", "text": texts[14].replace(" ", "  ")},
        {"id": "links", "text": f"여기 보세요 {TELEPHONE} " + "https://example.com/a/b/c/d " * 9},
        {"id": "chinese", "text": "这是一个关于图书馆的很长的句子，没有韩文。" * 5},
        {"id": "short", "text": "짧은 말"},
        {"id": "quiz", "text": f"{texts[16]}\n{PASSAGE}\n끝말이 남는다."},
        {"id": EMAIL, "text": f"{texts[18]} 다른 끝입니다."},
        {"text": f"{texts[20]} 이름 없는 글입니다."},
    ]
    rows += [
        {
            "id": f"middling-{n}",
            "text": "가나다라마바사아자차카타파하"[:n]
            + " 마을에 새 책방이 문을 열었다고 합니다. 반갑습니다.",
        }
        for n in range(3, 12)
    ]
    half = len(rows) // 2
    for number, part in enumerate((rows[:half], rows[half:])):
        lines = [json.dumps(row, ensure_ascii=False) for row in part]
        (folder / f"blog-{number}.jsonl").write_text("\n".join([*lines, "{bad"]), "utf-8")
    other = [{"id": "d-1", "text": f"{texts[22]} 신문에 실린 글입니다."}]
    (folder / "news.jsonl").write_text(
        "\n".join(json.dumps(row, ensure_ascii=False) for row in other), "utf-8"
    )
    item = json.dumps({"id": "q7", "paragraph": PASSAGE}, ensure_ascii=False)
    (folder / "quiz.jsonl").write_text(item + "\n", "utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, "utf-8")
    (folder / "strict.yaml").write_text(STRICT, "utf-8")
