"""Finding the keys of a table in running text, and where enough of one probe's lie together.

A probe is a set of keys: hashes of its character n-grams, or of whole short texts ("pieces").
Keys of a probe lie together as long as each starts at most the probe's reach behind the one before.
Where that ends, counting begins anew: constant time for each posting of a key that is found, and no
memory beside a few numbers a probe.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from pipeline.kernels.minhash import hash_shingles, mix

_BLOCK = 1024  # n-grams hashed at a time: they stay in the first-level cache
_BASE = np.uint64(0x9E3779B97F4A7C15)
_SIX, _LOW = np.uint64(6), np.uint64(63)
_ONE, _ALL = np.uint64(1), np.uint64(64)


class Table(NamedTuple):
    """Keys and the probes they belong to: key k is in probes `postings[bounds[k]:bounds[k + 1]]`.

    `bloom` has two bits of one word set for each key; `buckets[b]` is the first key of high bits b.
    The lengths of `bloom` and of `buckets` less one are powers of two, 2 at the least.
    """

    keys: np.ndarray  # uint64, ascending
    bounds: np.ndarray  # int64, one more than keys
    postings: np.ndarray  # int32
    bloom: np.ndarray  # uint64
    buckets: np.ndarray  # int64


class Probes(NamedTuple):
    """How many distinct keys make a hit, and how far the next may lie from the one before."""

    needed: np.ndarray  # int32
    reach: np.ndarray  # int64, code points of the canonical form


class Memory(NamedTuple):
    """What a scan remembers, handed on from call to call; made by `memory`."""

    seen: np.ndarray  # int64 a posting: the run it was last counted in, by the run's first place
    last: np.ndarray  # int64 a probe: where its last key started
    first: np.ndarray  # int64 a probe: where its run started
    distinct: np.ndarray  # int32 a probe: how many keys its run has
    record: np.ndarray  # int64 a probe: the run's place in the answer


def memory(table: Table, probes: Probes) -> Memory:
    """The memory of a scan that has seen nothing."""
    n = len(probes.needed)
    return Memory(
        np.full(len(table.postings), -1, np.int64),
        np.full(n, -1, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int32),
        np.zeros(n, np.int64),
    )


@njit(cache=True, nogil=True)
def fill_bloom(keys: np.ndarray, words: np.ndarray) -> None:
    """Set two bits of one of `words` (uint64 zeros, their number a power of two) for each key."""
    shift = _ALL - np.uint64(np.log2(len(words)))
    for key in keys:
        words[key >> shift] |= (_ONE << (key & _LOW)) | (_ONE << ((key >> _SIX) & _LOW))


@njit(cache=True, nogil=True)
def _likely(hashes: np.ndarray, bloom: np.ndarray, out: np.ndarray) -> int:
    """Write the places in `hashes` that may hold keys to `out` and return their number.

    A loop of its own: among the rest of a scan the compiler makes it ten times as slow.
    """
    shift = _ALL - np.uint64(np.log2(len(bloom)))
    found = 0
    for at in range(len(hashes)):
        value = hashes[at]
        word = bloom[value >> shift]
        out[found] = at
        found += (word >> (value & _LOW)) & (word >> ((value >> _SIX) & _LOW)) & _ONE
    return found


@njit(cache=True, nogil=True)
def _key(value: np.uint64, table: Table) -> int:
    """The number of the key `value`, or -1."""
    shift = _ALL - np.uint64(np.log2(len(table.buckets) - 1))
    bucket = value >> shift
    for place in range(table.buckets[bucket], table.buckets[bucket + _ONE]):
        if table.keys[place] == value:
            return place
    return -1


@njit(cache=True, nogil=True)
def _note(
    key: int,
    start: int,
    end: int,
    row: int,
    row_start: int,
    table: Table,
    probes: Probes,
    memory: Memory,
    runs: np.ndarray,
    used: int,
) -> tuple[np.ndarray, int]:
    """Count a key found at `start` for each of its probes; (`runs`, perhaps longer, and how many).

    All places are counted over the whole scan; those written to `runs` from the row's start.
    """
    for posting in range(table.bounds[key], table.bounds[key + 1]):
        probe = table.postings[posting]
        last = memory.last[probe]
        if last < row_start or start - last > probes.reach[probe]:
            memory.first[probe] = start
            memory.distinct[probe] = 0
        memory.last[probe] = start
        if memory.seen[posting] != memory.first[probe]:
            memory.seen[posting] = memory.first[probe]
            memory.distinct[probe] += 1
            if memory.distinct[probe] == probes.needed[probe]:
                if used == len(runs):
                    longer = np.empty((2 * used, 5), np.int64)
                    longer[:used] = runs
                    runs = longer
                runs[used, 0], runs[used, 1] = row, probe
                runs[used, 2] = memory.first[probe] - row_start
                memory.record[probe] = used
                used += 1
        if memory.distinct[probe] >= probes.needed[probe]:
            record = memory.record[probe]
            runs[record, 3] = end - row_start
            runs[record, 4] = memory.distinct[probe]
    return runs, used


@njit(cache=True, nogil=True)
def scan_grams(
    points: np.ndarray,
    bounds: np.ndarray,
    first_row: int,
    base: int,
    size: int,
    table: Table,
    probes: Probes,
    memory: Memory,
) -> np.ndarray:
    """Runs of n-grams in text i, `points[bounds[i]:bounds[i + 1]]` (uint32), of `size` points.

    `base` is how many code points were scanned with this `memory` before. Returns int64 (runs, 5):
    row (from `first_row`), probe, start and end in the text's canonical form, distinct keys.
    """
    hashes, likely = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.int64)
    runs, used = np.empty((64, 5), np.int64), 0
    for i in range(len(bounds) - 1):
        text = points[bounds[i] : bounds[i + 1]]
        row_start = base + bounds[i]
        for first in range(0, len(text) - size + 1, _BLOCK):
            n = hash_shingles(text[first : first + _BLOCK + size - 1], size, hashes)
            for j in likely[: _likely(hashes[:n], table.bloom, likely)]:
                key = _key(hashes[j], table)
                if key >= 0:
                    at = row_start + first + j
                    runs, used = _note(
                        key, at, at + size, first_row + i, row_start,
                        table, probes, memory, runs, used,
                    )  # fmt: skip
    return runs[:used]


@njit(cache=True, nogil=True)
def scan_pieces(
    points: np.ndarray,
    bounds: np.ndarray,
    rows: np.ndarray,
    row_starts: np.ndarray,
    base: int,
    shortest: int,
    longest: int,
    table: Table,
    probes: Probes,
    memory: Memory,
) -> np.ndarray:
    """Runs of whole pieces of `shortest` to `longest` code points that start and end at bounds.

    Segment i, never empty, is `points[bounds[i]:bounds[i + 1]]`, of text `rows[i]` (ascending) that
    starts at `row_starts[i]`; a piece may hold several. Returns what `scan_grams` does.
    """
    runs, used = np.empty((64, 5), np.int64), 0
    for i in range(len(rows)):
        start, row_start = bounds[i], row_starts[i]
        polynomial = np.uint64(0)
        j = i
        while j < len(rows) and rows[j] == rows[i] and bounds[j + 1] - start <= longest:
            end = bounds[j + 1]
            for at in range(bounds[j], end):
                polynomial = polynomial * _BASE + np.uint64(points[at])
            if end - start >= shortest:
                key = _key(mix(polynomial), table)
                if key >= 0:
                    runs, used = _note(
                        key, base + start, base + end, rows[i], base + row_start,
                        table, probes, memory, runs, used,
                    )  # fmt: skip
            j += 1
    return runs[:used]


@njit(cache=True, nogil=True)
def hash_whole(points: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """uint64: the hash, as of a piece, of each text `points[starts[i]:starts[i] + lengths[i]]`."""
    hashes = np.empty(len(starts), np.uint64)
    for i in range(len(starts)):
        polynomial = np.uint64(0)
        for at in range(starts[i], starts[i] + lengths[i]):
            polynomial = polynomial * _BASE + np.uint64(points[at])
        hashes[i] = mix(polynomial)
    return hashes


@njit(cache=True, nogil=True)
def _mark_size(data: np.ndarray, at: int, marks: np.ndarray) -> int:
    """Bytes of the mark at byte `at`, 0 where there is none."""
    kind = marks[data[at]]
    if kind < 2:
        return int(kind)
    second, third = data[at + 1], data[at + 2]
    if kind == 2:  # “ ” … and circled numbers and letters
        quote = second == 0x80 and (third == 0x9C or third == 0x9D or third == 0xA6)
        return 3 if quote or second == 0x91 or second == 0x93 else 0
    return 3 if second == 0x80 and (third == 0x82 or 0x88 <= third <= 0x91) else 0  # 。 「 」


@njit(cache=True, nogil=True)
def segment_ends(
    data: np.ndarray, offsets: np.ndarray, marks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Byte offsets of segments of text i, `data[offsets[i]:offsets[i + 1]]`, and their rows.

    A segment ends behind a mark: a byte for which `marks` (uint8[256]) holds 1, or one of certain
    characters of three bytes that start with a byte for which it holds 2 (E2) or 3 (E3). Segments
    lie one behind the other: n + 1 offsets, n rows (int64).
    """
    most = len(offsets)
    for at in range(offsets[0], offsets[-1]):
        most += marks[data[at]] != 0
    ends, rows = np.empty(most, np.int64), np.empty(most, np.int64)
    ends[0] = offsets[0]
    used = 0
    for i in range(len(offsets) - 1):
        at, stop = offsets[i], offsets[i + 1]
        while at < stop:
            if marks[data[at]] == 0:
                at += 1
                continue
            size = _mark_size(data, at, marks)
            at += max(size, 1)
            if size:
                used += 1
                ends[used], rows[used - 1] = at, i
        if ends[used] < stop:
            used += 1
            ends[used], rows[used - 1] = stop, i
    return ends[: used + 1], rows[:used]


@njit(cache=True, nogil=True)
def covered(text: np.ndarray, probe: int, size: int, table: Table) -> np.ndarray:
    """Stretches of `text` (uint32) made of n-grams of `probe`: int64 (k, 2), start and end."""
    hashes = np.empty(max(len(text) - size + 1, 1), np.uint64)
    stretches = np.empty((len(text) // size + 1, 2), np.int64)
    used = 0
    if len(text) < size:
        return stretches[:0]
    for at in range(hash_shingles(text, size, hashes)):
        key = _key(hashes[at], table)
        if key < 0:
            continue
        for posting in range(table.bounds[key], table.bounds[key + 1]):
            if table.postings[posting] == probe:
                if used and at <= stretches[used - 1, 1]:
                    stretches[used - 1, 1] = at + size
                else:
                    stretches[used, 0], stretches[used, 1] = at, at + size
                    used += 1
                break
    return stretches[:used]
