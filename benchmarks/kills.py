"""kill -9 at random moments of the way to the token shards: are documents lost, are bytes equal?

    python benchmarks/kills.py [RECIPE] [--kills N] [--seed N] [--what driver worker group ...]
                               [--runner local|flink] [--json] [--record FILE.jsonl]
                               [--restart COMMAND] [-- OPTIONS OF BEAM]

Runs the recipe (a generated corpus of many small units where none is given) once unbroken; then
again and again, in lives: a life is one run directory that is killed several times, each time in a
step drawn evenly and at a moment drawn within it, begun again with the same command, and at last
run to its end. Then every file of curated, removed, counts, tokenizer and tokens is compared byte
for byte, documents are counted and `malmoi verify` is run. Ends with 1 if anything differs.

Victims: `driver`, the command alone; `worker`, a process that works on data; `group`, all of them
at once. With --runner flink also `jobserver`, `pool` (Beam's pool of workers) and `taskmanager`
(of a cluster on this machine that nothing else uses; --restart is then how another one is begun).
"""

import argparse
import hashlib
import itertools
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import orjson
import pyarrow.parquet as pq
from kill_life import Kill, Life
from kill_processes import VICTIMS
from usage import HOMES

FOLDERS = ("curated", "removed", "counts", "tokenizer", "tokens")
KILLS_IN_A_LIFE = 8

# The way without training; several rounds of dedup on a small corpus too.
WAY = """
import beam_runner, pipeline.dedup.plan as plan
plan.MEMBERS_IN_A_ROUND = 20_000
del beam_runner.STEPS["train"], beam_runner.STEPS["export"]
beam_runner.main()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", nargs="?")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--what", nargs="+", choices=VICTIMS, default=["driver", "worker", "group"])
    parser.add_argument("--runner", default="local")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--restart", default="")
    own, beam = sys.argv[1:], []
    if "--" in own:
        own, beam = own[: own.index("--")], own[own.index("--") :]
    arguments = parser.parse_args(own)
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        # Python's compiled files are kept for the many starts, whatever the shell says of them.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(folder, "compiled")))
        recipe = arguments.recipe or generate(Path(folder, "corpus"))
        command = [sys.executable, "-c", WAY, "run", str(recipe), "--runner", arguments.runner]
        command += ["--workers", str(arguments.workers)]
        started = time.monotonic()
        kills = campaign(command, beam, Path(folder), arguments)
        figures = summary(kills, time.monotonic() - started)
    if arguments.json:
        print(json.dumps(figures))
    else:
        show(kills, figures, arguments.what)
    sys.exit(any(figures[name] for name in ("lost", "unequal", "unverified", "orphans")))


def campaign(
    command: list[str], beam: list[str], folder: Path, arguments: argparse.Namespace
) -> list[Kill]:
    whole = Life(command, folder / "whole")
    whole.command += beam
    whole.finish()
    seconds = {
        step: orjson.loads((whole.run / home / "manifest.json").read_bytes())["seconds"]
        for step, home in HOMES.items()
    }
    units = {step: whole.units(step) for step in HOMES}
    expected, documents = hashes(whole.run), rows(whole.run)
    rng = random.Random(arguments.seed)
    deck = drawn(rng, arguments.what)
    kills: list[Kill] = []
    for number in itertools.count():
        missing = arguments.kills - sum(kill.landed for kill in kills)
        if missing <= 0:
            return kills
        life = Life(command, folder / f"life-{number}")
        life.command += beam
        drawn_kills = itertools.islice(deck, min(missing, KILLS_IN_A_LIFE))
        suffered = sorted(
            (Kill(number, *each) for each in drawn_kills),
            key=lambda kill: [*HOMES].index(kill.step),
        )
        for kill in suffered:
            one(life, kill, rng, seconds[kill.step], units[kill.step])
            if kill.landed and kill.victim == "taskmanager" and arguments.restart:
                subprocess.run(shlex.split(arguments.restart), check=True)
        failed = life.finish()
        found = hashes(life.run)
        names = expected.keys() | found.keys()
        check = [sys.executable, "-m", "beam_runner", "verify", str(life.run)]
        verified = subprocess.run(check, capture_output=True, check=False).returncode == 0
        for kill in suffered:
            kill.unequal = sum(expected.get(name) != found.get(name) for name in names)
            kill.lost, kill.verified = abs(documents - rows(life.run)), verified
            kill.said = kill.said or "; ".join(said for _, said in failed)
        kills += suffered
        if arguments.record:
            with arguments.record.open("a") as record:
                record.writelines(
                    json.dumps(asdict(kill), ensure_ascii=False) + "\n" for kill in suffered
                )
        shutil.rmtree(life.run)
    raise AssertionError


def one(life: Life, kill: Kill, rng: random.Random, seconds: float, units: int) -> None:
    """Bring a life to the moment and kill, unless it is past the step."""
    reached = life.reach(kill.step, rng.random(), seconds, units)
    if reached is not None:
        kill.seconds = round(reached, 3)
        life.suffer(kill)
    elif life.process is not None and life.process.poll() is not None:
        kill.ended, kill.said = life.ended()


def drawn(rng: random.Random, what: list[str]):
    """(step, victim) without end: each pair as often as every other."""
    while True:
        pairs = list(itertools.product(HOMES, what))
        rng.shuffle(pairs)
        yield from pairs


def generate(folder: Path) -> Path:
    """A recipe for 900 Korean documents in 30 files, a unit each, with copies among them."""
    from pipeline.synthetic import generate_documents

    folder.mkdir()
    documents = generate_documents(900, seed=7)
    for number in range(30):
        part = documents[number * 30 : number * 30 + 30]
        part += [{"id": f"copy-{number}", "text": documents[0]["text"]}]
        part += [{"id": f"near-{number}", "text": f"{documents[1]['text']} 덧붙인 말 {number}."}]
        lines = [json.dumps(row, ensure_ascii=False) for row in part]
        Path(folder, f"{number:02d}.jsonl").write_text("\n".join([*lines, "{bad json"]), "utf-8")
    recipe = folder / "recipe.yaml"
    recipe.write_text(
        "name: kills\nseed: 5\n"
        "sources:\n- {name: blog, paths: ['[01]*.jsonl']}\n- {name: news, paths: ['2*.jsonl']}\n"
        "clean: {unit_bytes: 100000}\ntokenizer: {vocab_size: 800}\nshards: {validation: 0.1}\n"
    )
    return recipe


def hashes(run: Path) -> dict[str, str]:
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in FOLDERS
        for path in sorted((run / folder).rglob("*"))
        if path.is_file() and path.name != "manifest.json" and path.parent.name != "receipts"
    }


def rows(run: Path) -> int:
    """Documents kept and removed, counted in the files."""
    files = [*(run / "curated").glob("*.parquet"), *(run / "removed").glob("*.parquet")]
    return sum(pq.read_metadata(path).num_rows for path in files)


def summary(kills: list[Kill], seconds: float) -> dict[str, object]:
    landed = [kill for kill in kills if kill.landed]
    lives = {kill.life: kill for kill in kills}.values()
    return {
        "kills": len(landed),
        "missed": len(kills) - len(landed),
        "lives": len(lives),
        "lost": sum(life.lost for life in lives),
        "unequal": sum(life.unequal for life in lives),
        "unverified": sum(not life.verified for life in lives),
        "orphans": sum(kill.orphans for kill in kills),
        "seconds": round(seconds),
    }


def show(kills: list[Kill], figures: dict[str, object], what: list[str]) -> None:
    count = Counter((kill.step, kill.victim) for kill in kills if kill.landed)
    print(f"{'landed kills':<13}" + "".join(f"{victim:>12}" for victim in what) + f"{'all':>8}")
    for step in HOMES:
        numbers = [count[step, victim] for victim in what]
        print(f"{step:<13}" + "".join(f"{n:>12}" for n in numbers) + f"{sum(numbers):>8}")
    totals = [sum(count[step, victim] for step in HOMES) for victim in what]
    print(f"{'all':<13}" + "".join(f"{n:>12}" for n in totals) + f"{sum(totals):>8}")
    print(", ".join(f"{name} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
