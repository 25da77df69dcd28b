"""Hard cases for near-duplicate removal: real or generated Korean text with planted copies.

    python -m benchmarks.dedup_cases --out FOLDER [--text FILE.jsonl.gz ...] [--documents N]
                                     [--seed N]

Writes `documents.jsonl` (id, text; in shuffled order) and `truth.jsonl`, a line for each planted
document: id, cluster, of (the id it was made from), edits [[kind, strength], ...]; or id, negative
(its family), alike (the similarity its site was made for). Of ten documents six are single pieces
of the base texts, three belong to clusters of 2 to 12 copies (a few to larger ones), one shares a
skeleton with others and no facts. Base texts are the `text` fields of the files, cut to 200 to
4,000 characters at line or sentence ends; without files they come from a grammar. Equal arguments
give equal files. Where the texts do not suffice, there are fewer documents.
"""

import argparse
import gzip
import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.dedup_edits import EDITS, Pool, edited, replaced, sentences
from benchmarks.dedup_negatives import filled, jaccard, negatives, shingles
from pipeline.dedup.canonical import canonical
from pipeline.synthetic import generate_documents

CHARS = (200, 4_000)
CLUSTERS, NEGATIVES, SHORT = 0.07, 0.11, 0.12  # of all documents
SIZES = {2: 30, 3: 20, 4: 14, 5: 10, 6: 8, 7: 5, 8: 4, 9: 3, 10: 2, 11: 2, 12: 2}
CHAINS, HEADED, LARGE = 0.08, 0.3, 350  # shares of clusters, and one in so many is large
LINK = (0.8, 0.93)
"""Canonical similarity of neighbours in a chain; its ends are less alike than the first."""
_WEIGHTS = {
    "words_replaced": 3, "truncated": 3, "sentences_dropped": 3, "comments": 2, "particles": 2,
    "sentences_moved": 2, "endings": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Cases:
    """Documents, and what was planted among them (the lines of `truth.jsonl`)."""

    ids: list[str]
    texts: list[str]
    planted: list[dict[str, Any]]


@dataclass
class _Document:
    """A document before it has an id."""

    text: str
    truth: dict[str, Any] | None = None
    of: "_Document | None" = None
    id: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--text", nargs="*", type=Path, default=[])
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    cases = generate(read_texts(arguments.text), arguments.documents, arguments.seed)
    write(cases, arguments.out)
    print(described(cases))


def generate(texts: Sequence[str], documents: int = 20_000, seed: int = 1) -> Cases:
    """About `documents` documents out of base `texts`; without any, out of generated ones."""
    rng = random.Random(f"dedup cases/{seed}")
    sizes, singles = _plan(documents, rng)
    needed = singles + len(sizes) + documents // 50
    bases = _bases(texts or _generated(needed, seed), needed, rng)
    if len(bases) < needed:
        if len(bases) < 20:
            raise ValueError(f"{len(bases)} texts of {CHARS[0]} characters or more are too few")
        return generate(texts, int(documents * 0.98 * len(bases) / needed), seed)
    spare = [bases.pop() for _ in range(documents // 50)]
    pool = _pool(spare + bases[: documents // 10], rng)
    out: list[_Document] = []
    for number, size in enumerate(sizes):
        out += _cluster(number, size, bases.pop(), rng, pool)
    out += [_Document(text) for text in bases[:singles]]
    fixed = _sentence_source(spare, rng)
    for family, alike, text in negatives(round(documents * NEGATIVES), fixed, rng):
        out.append(_Document(text, {"negative": family, "alike": alike}))
    rng.shuffle(out)
    return _named(out)


def _plan(documents: int, rng: random.Random) -> tuple[list[int], int]:
    """Sizes of clusters, and how many singles there are."""
    count = max(1, round(documents * CLUSTERS))
    sizes = rng.choices(list(SIZES), list(SIZES.values()), k=count)
    for index in range(LARGE // 2, count, LARGE):
        sizes[index] = rng.randint(30, 60)
    return sizes, max(0, documents - round(documents * NEGATIVES) - sum(sizes))


def _generated(count: int, seed: int) -> list[str]:
    return [document["text"] for document in generate_documents(count, seed)]


def _bases(texts: Sequence[str], needed: int, rng: random.Random) -> list[str]:
    """Pieces of the texts, mixed; a small share of them short, more only if there is no other."""
    pieces = [piece for text in texts for piece in _pieces(text, rng)]
    rng.shuffle(pieces)
    long = [piece for piece in pieces if len(piece) >= CHARS[0]]
    short = [piece for piece in pieces if len(piece) < CHARS[0]]
    share = max(round(SHORT * needed), needed - len(long))
    chosen = short[:share] + long[: needed - min(share, len(short))]
    rng.shuffle(chosen)
    return chosen


def _pieces(text: str, rng: random.Random) -> Iterator[str]:
    """The text whole, or cut at line or sentence ends; the rest may be shorter than `CHARS`."""
    units = [
        unit[at : at + CHARS[1]] for unit in sentences(text) for at in range(0, len(unit), CHARS[1])
    ]
    piece, full = "", _length(rng)
    for unit in units:
        if piece and len(piece) + len(unit) > full:
            yield from [piece.strip()] if len(canonical(piece)) >= 8 else []
            piece, full = "", _length(rng)
        piece += unit
    if len(canonical(piece)) >= 8:
        yield piece.strip()


def _length(rng: random.Random) -> int:
    return min(max(int(rng.lognormvariate(6.75, 0.7)), CHARS[0] + 50), CHARS[1])


def _pool(bases: list[str], rng: random.Random) -> Pool:
    words = [word for base in bases for word in base.split() if len(word) <= 12]
    units = [unit.strip() for base in bases for unit in sentences(base)]
    remarks = [unit for unit in units if 8 <= len(unit) <= 150] or [unit[:150] for unit in units]
    titles = [unit[:40] for unit in rng.sample(remarks, min(len(remarks), 2_000))]
    return Pool(words, units, remarks, titles + titles[:8] * (len(titles) < 8) * 8)


def _sentence_source(bases: list[str], rng: random.Random) -> Callable[[], str]:
    units = [unit for base in bases for unit in sentences(base) if len(canonical(unit)) >= 8]
    return lambda: rng.choice(units)


def _cluster(number: int, size: int, base: str, rng: random.Random, pool: Pool) -> list[_Document]:
    if rng.random() < HEADED:
        base = filled("{time} {thing} 이야기\n입력 {date} {hour} | 조회 {n4}\n\n", rng) + base
    original = _Document(base, {"cluster": number, "edits": []})
    if size >= 4 and len(base) >= 400 and rng.random() < CHAINS * 2:  # half the clusters have < 4
        return _chain(original, size, rng, pool)
    members = [original]
    for _ in range(size - 1):
        text, edits = _copy(base, rng, pool)
        members.append(_Document(text, {"cluster": number, "edits": edits}, original))
    return members


def _copy(text: str, rng: random.Random, pool: Pool) -> tuple[str, list[tuple[str, float]]]:
    """A copy by one to three edits, in the order of `EDITS`."""
    kinds = list(EDITS)
    weights = [_WEIGHTS.get(kind, 1) for kind in kinds]
    for _ in range(10):
        wanted = set(rng.choices(kinds, weights, k=rng.choices((1, 2, 3), (60, 25, 15))[0]))
        copy, edits = text, []
        for kind in kinds:
            if kind in wanted and (made := edited(kind, copy, rng, pool)):
                copy, strength = made
                edits.append((kind, round(strength, 4)))
        if edits:
            return copy, edits
    return text, [("identical", 0.0)]


def _chain(original: _Document, size: int, rng: random.Random, pool: Pool) -> list[_Document]:
    """Each link has words of the one before replaced; ends when it is unlike the first."""
    members, sets = [original], [shingles(original.text)]
    for _ in range(40):
        share = rng.uniform(0.015, 0.05)
        text, strength = replaced(members[-1].text, share, rng, pool)
        ours = shingles(text)
        if not LINK[0] <= jaccard(ours, sets[-1]) <= LINK[1]:
            continue
        truth = {**(original.truth or {}), "edits": [("chain", round(strength, 4))]}
        members.append(_Document(text, truth, members[-1]))
        sets.append(ours)
        if len(members) >= size and jaccard(sets[0], ours) < LINK[0]:
            break
    return members


def _named(documents: list[_Document]) -> Cases:
    for number, document in enumerate(documents):
        document.id = f"d{number:06d}"
    planted = [
        {"id": document.id, **document.truth, **({"of": document.of.id} if document.of else {})}
        for document in documents
        if document.truth
    ]
    return Cases([d.id for d in documents], [d.text for d in documents], planted)


def read_texts(files: Iterable[Path]) -> list[str]:
    """The `text` of every line of JSONL files (.gz too)."""
    texts = []
    for file in files:
        with (gzip.open if file.suffix == ".gz" else open)(file, "rt", encoding="utf-8") as lines:
            texts += [json.loads(line)["text"] for line in lines if line.strip()]
    return texts


def write(cases: Cases, folder: Path) -> None:
    """Write `documents.jsonl` and `truth.jsonl`."""
    folder.mkdir(parents=True, exist_ok=True)
    documents = [
        {"id": name, "text": text} for name, text in zip(cases.ids, cases.texts, strict=True)
    ]
    for name, rows in (("documents", documents), ("truth", cases.planted)):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")


def read(folder: Path) -> Cases:
    """What `write` wrote."""
    documents, planted = (
        [
            json.loads(line)
            for line in (folder / f"{name}.jsonl").read_text("utf-8").split("\n")[:-1]
        ]
        for name in ("documents", "truth")
    )
    return Cases([d["id"] for d in documents], [d["text"] for d in documents], planted)


def described(cases: Cases) -> str:
    """One line of counts."""
    clusters = {row["cluster"] for row in cases.planted if "cluster" in row}
    copies = sum("of" in row for row in cases.planted)
    unlike = sum("negative" in row for row in cases.planted)
    mb = sum(len(text.encode()) for text in cases.texts) / 1e6
    return (
        f"{len(cases.ids):,} documents, {mb:.1f} MB; {len(clusters):,} clusters with {copies:,} "
        f"copies; {unlike:,} hard negatives"
    )


if __name__ == "__main__":
    main()
