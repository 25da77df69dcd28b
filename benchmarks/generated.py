"""Generated Korean text by the gigabyte, as jsonl.zst files: what the scale benchmarks run on.

Document i is a function of i. Its eojeol are a stem and a particle or ending; stems are drawn from
a power law without an end, so that distinct eojeol grow as in real text (Heaps' law, exponent
1 / 1.3), and the rare ones are made of common syllables. Sentences of 5 to 12 eojeol, 4 to 28 of
them a document, in paragraphs. One document in 20 equals an earlier one, one in 20 is an earlier
one with a sentence changed, one in 10 ends with the same line, one in 50 gives a telephone number.
"""

import multiprocessing
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numba import njit

from pipeline.synthetic import words

FILE_BYTES = 128_000_000
"""JSON of one file, before compression."""

_SENTENCES = 28
_MEAN = 1_830  # bytes of a line
_ROW_BITS = 24  # a document's number is file << 24 | row
_ROW = (1 << _ROW_BITS) - 1
_TAIL, _HEAD = 1 / 0.3, 30.0  # of the power law: rank = HEAD * (u ** -TAIL - 1)
_SYLLABLES = (
    "가간감강개거건경계고공과관교구국권기길김나남내노녹농다단담당대도동두들등라래로루리린마막만말매면"
    "명모목무문물미민바박반발방배백벌법병보복본봉부북분비빛사산살상새서석선설성세소속손송수순술숲시식신"
    "실심아안암양어업여역연영예오온옥외요용우운원월위유은음의이인일임입자작장재저전절정제조종주중지진집"
    "차창채천철청초촌추충치타탄태토통파판평포표품풍하학한함해향현호홍화환황회효후훈희"
)
_PARTICLES = (
    *("은", "는", "이", "가", "을", "를", "에", "에서", "으로", "로", "의", "와", "과", "도", "만"),
    *("까지", "부터", "에게", "보다", "처럼", "라는", "이나"),
)
_ENDINGS = [stem + "다." for stem in (*words.ACTIONS, *words.STATES)]
_FOOT = "무단 전재 및 재배포를 금합니다"


def _pool(entries: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Entries as UTF-8 back to back, and the bounds of each."""
    encoded = [entry.encode() for entry in entries]
    bounds = np.cumsum([0, *map(len, encoded)])
    return np.frombuffer(b"".join(encoded), np.uint8), bounds


_POOLS = (
    *_pool([*words.THINGS, *words.PLACES, *words.ROLES]),
    *_pool(list(_SYLLABLES)),
    *_pool(_PARTICLES),
    *_pool(_ENDINGS),
    *_pool([_FOOT, "문의 전화는 02-", '{"id": "g-', '", "text": "', "\\n\\n", '"}\n']),
)


@njit(cache=True)
def _mixed(x: np.uint64) -> np.uint64:
    """SplitMix64's finaliser."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True)
def _draw(seed: np.uint64, place: int) -> np.uint64:
    return _mixed(seed + np.uint64(place + 1) * np.uint64(0x9E3779B97F4A7C15))


@njit(cache=True)
def _below(limit: int, seed: np.uint64, place: int) -> int:
    """A number below `limit`; signed, for numba makes a float of a signed and an unsigned one."""
    return np.int64(_draw(seed, place) % np.uint64(limit))


@njit(cache=True)
def _put(out: np.ndarray, at: int, pool: np.ndarray, bounds: np.ndarray, entry: int) -> int:
    for place in range(bounds[entry], bounds[entry + 1]):
        out[at] = pool[place]
        at += 1
    return at


@njit(cache=True)
def _number(out: np.ndarray, at: int, value: int, digits: int) -> int:
    for place in range(digits):
        out[at + digits - 1 - place] = 48 + value % 10
        value //= 10
    return at + digits


@njit(cache=True)
def _sentence(out: np.ndarray, at: int, seed: np.uint64, pools: tuple) -> int:
    stems, stem_bounds, syllables, syllable_bounds = pools[:4]
    particles, particle_bounds, endings, ending_bounds = pools[4:8]
    known = len(stem_bounds) - 1
    for word in range(5 + _below(8, seed, 0)):
        uniform = (_draw(seed, 3 * word + 1) >> np.uint64(11)) * 2.0**-53
        rank = min(_HEAD * ((1.0 - uniform) ** -_TAIL - 1.0), 2.0**60)
        if rank < known:
            at = _put(out, at, stems, stem_bounds, int(rank))
        else:
            letters = _mixed(np.uint64(rank))
            for _ in range(2 + np.int64(letters % np.uint64(3))):
                letters = _mixed(letters)
                entry = np.int64(letters % np.uint64(len(syllable_bounds) - 1))
                at = _put(out, at, syllables, syllable_bounds, entry)
        if _below(5, seed, 3 * word + 2):
            particle = _below(len(particle_bounds) - 1, seed, 3 * word + 3)
            at = _put(out, at, particles, particle_bounds, particle)
        out[at] = 32
        at += 1
    ending = _below(len(ending_bounds) - 1, seed, 99)
    return _put(out, at, endings, ending_bounds, ending)


@njit(cache=True)
def _original(number: int, rows: int) -> int:
    """The document that `number` equals, but for a sentence where it is a near copy of it.

    `rows`: documents that all files but the last have at least.
    """
    while (number & _ROW) > 0 and _below(20, np.uint64(number), 7) < 2:
        file, row = number >> _ROW_BITS, number & _ROW
        there = _below(file + 1, np.uint64(number), 8)
        until = row if there == file else rows
        earlier = _below(until, np.uint64(number), 10)
        number = there << _ROW_BITS | earlier
    return number


@njit(cache=True)
def write_lines(
    first: int, out: np.ndarray, least: int, rows: int, pools: tuple
) -> tuple[int, int]:
    """Fill `out` with JSON lines of the documents from `first` on: (bytes, the next document).

    Stops after the document with which `least` bytes are full.
    """
    fixed, fixed_bounds = pools[8], pools[9]
    number, at = first, 0
    while at < least:
        at = _put(out, at, fixed, fixed_bounds, 2)
        at = _number(out, at, number, 10)
        at = _put(out, at, fixed, fixed_bounds, 3)
        near = (number & _ROW) > 0 and _below(20, np.uint64(number), 7) == 1
        seed = _mixed(np.uint64(_original(number, rows) + 1))
        count = 4 + _below(_SENTENCES - 4, seed, 1)
        changed = _below(count, np.uint64(number), 9) if near else -1
        for sentence in range(count):
            if sentence:
                if _below(5, seed, 100 + sentence) == 0:
                    at = _put(out, at, fixed, fixed_bounds, 4)
                else:
                    out[at] = 32
                    at += 1
            own = _draw(seed, 200 + sentence)
            at = _sentence(out, at, own + np.uint64(number if sentence == changed else 0), pools)
        if _below(50, seed, 2) == 0:
            out[at] = 32
            at = _put(out, at + 1, fixed, fixed_bounds, 1)
            at = _number(out, at, 1_000 + _below(9_000, seed, 3), 4)
            out[at] = 45
            at = _number(out, at + 1, _below(10_000, seed, 4), 4)
        if _below(10, seed, 5) == 0:
            at = _put(out, at, fixed, fixed_bounds, 4)
            at = _put(out, at, fixed, fixed_bounds, 0)
        at = _put(out, at, fixed, fixed_bounds, 5)
        number += 1
    return at, number


def write_file(path: Path, first: int, size: int, rows: int) -> int:
    """Write about `size` bytes of JSON lines, compressed; returns their bytes before that."""
    room, written = np.empty((4 << 20) + (1 << 17), np.uint8), 0
    with pa.CompressedOutputStream(str(path), "zstd") as out:
        while written < size:
            n, first = write_lines(first, room, min(4 << 20, size - written), rows, _POOLS)
            out.write(room[:n])
            written += n
    return written


def write_corpus(folder: Path, size: int, file_bytes: int = FILE_BYTES, workers: int = 2) -> int:
    """Write `size` bytes of documents into files of about `file_bytes`; returns the bytes.

    Files of a smaller corpus are those of a larger one, but for the last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = max(1, file_bytes // (_MEAN + 200))
    files = [
        (
            folder / f"part-{number:05d}.jsonl.zst",
            number << _ROW_BITS,
            min(file_bytes, size - start),
            rows,
        )
        for number, start in enumerate(range(0, size, file_bytes))
    ]
    with multiprocessing.get_context("forkserver").Pool(workers) as pool:
        return sum(pool.starmap(write_file, files, 1))
