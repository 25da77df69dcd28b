"""Shingle hashes, MinHash values, anchors and band hashes over buffers of code points.

A shingle of code points c_1 .. c_n hashes to mix(c_1 B^(n-1) + ... + c_n mod 2^64), a polynomial
that rolls along the text in two multiplications whatever n is; `mix` is the finaliser of
SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). Permutation i of a shingle x is
a_i x' + b_i mod 2^32, where x' is the upper half of x and a_i is odd: 32-bit lanes, and since x' is
already well mixed, the linear map needs no prime. Anchors are drawn by the lower half, so that
which passages they are says nothing of the MinHash values.
"""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 64
"""Permutations are padded to a multiple of this, so that the inner loop has no remainder."""

ANCHOR_CHARS = 32
"""Code points that an anchor stands for, some ten eojeols: more than the turns of phrase that
unrelated documents share, and a passage little longer than that still holds whole ones."""

ANCHOR_EVERY = 64
"""One position in so many is an anchor, drawn by its content: six in a passage of 400 code points,
and none in one such passage of 300, for an eighth of a byte a code point."""

_BASE = np.uint64(0xD6E8FEB86659FD93)
_POWERS = np.array([pow(int(_BASE), i, 1 << 64) for i in reversed(range(ANCHOR_CHARS))], np.uint64)
_DRAWN = np.uint32(2**32 // ANCHOR_EVERY)
_BLOCK = 1024  # shingles hashed at a time: they stay in the first-level cache
_WIDTH = 16  # 32-bit lanes of the widest registers, AVX-512; LLVM divides them for narrower ones


@njit(cache=True, nogil=True, inline="always")
def mix(x: np.uint64) -> np.uint64:
    """A bijection of 64 bits in which every bit of `x` reaches every bit of the result."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def hash_shingles(points: np.ndarray, size: int, out: np.ndarray) -> int:
    """Hashes (uint64) of all `size`-grams of `points` (uint32), in the order of the text.

    A text shorter than `size` is one shingle; an empty one has none. Returns their number.
    """
    n = len(points)
    if n == 0:
        return 0
    size = min(size, n)
    leaving = np.uint64(1)
    for _ in range(size):
        leaving *= _BASE
    rolling = np.uint64(0)
    for i in range(size):
        rolling = rolling * _BASE + np.uint64(points[i])
    out[0] = mix(rolling)
    for i in range(size, n):
        # What does not wait for the hash before comes first: the chain is one product and one sum.
        change = np.uint64(points[i]) - leaving * np.uint64(points[i - size])
        rolling = rolling * _BASE + change
        out[i - size + 1] = mix(rolling)
    return n - size + 1


@intrinsic
def _lower(
    typing: Any, hashes: Any, count: Any, a: Any, b: Any, minima: Any, lane: Any
) -> tuple[Any, Any]:
    """Lower `minima[lane:lane + LANES]` to the least of the `count` hashes under its permutations.

    The loop that the speed hangs on. LANES minima stay in registers while the hashes pass by.
    Written as vectors since LLVM's own vectoriser takes but half of an AVX-512 register.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def pointer(argument: int, index: Any) -> Any:
            array = context.make_array(signature.args[argument])
            return builder.gep(array(context, builder, arguments[argument]).data, [index])

        def vectors(argument: int) -> list[Any]:
            offsets = [ir.Constant(index, i) for i in range(0, LANES, _WIDTH)]
            places = [builder.add(arguments[5], offset) for offset in offsets]
            return [builder.bitcast(pointer(argument, i), vector.as_pointer()) for i in places]

        index, word = ir.IntType(64), ir.IntType(32)
        vector = ir.VectorType(word, _WIDTH)
        everywhere = ir.Constant(ir.VectorType(word, _WIDTH), None)  # a shuffle of element 0
        factors, terms = ([builder.load(p, align=4) for p in vectors(k)] for k in (2, 3))
        registers = [cgutils.alloca_once(builder, vector) for _ in factors]
        for register, memory in zip(registers, vectors(4), strict=True):
            builder.store(builder.load(memory, align=4), register)
        with cgutils.for_range(builder, arguments[1]) as loop:
            shingle = builder.load(pointer(0, loop.index))
            upper = builder.trunc(builder.lshr(shingle, ir.Constant(index, 32)), word)
            first = builder.insert_element(everywhere, upper, ir.Constant(word, 0))
            hashed = builder.shuffle_vector(first, first, everywhere)
            for register, factor, term in zip(registers, factors, terms, strict=True):
                value = builder.add(builder.mul(factor, hashed), term)
                before = builder.load(register)
                smaller = builder.icmp_unsigned("<", value, before)
                builder.store(builder.select(smaller, value, before), register)
        for register, memory in zip(registers, vectors(4), strict=True):
            builder.store(builder.load(register), memory, align=4)
        return context.get_dummy_value()

    return types.void(hashes, types.intp, a, b, minima, types.intp), generate


@njit(cache=True, nogil=True, inline="always")
def _draw(text: np.ndarray, first: int, size: int, hashes: np.ndarray, out: np.ndarray) -> int:
    """Anchors at those positions `first + i` whose shingle hash, `hashes[i]`, draws them.

    Where less than a shingle or an anchor is left of the text there is none. Returns their number.
    """
    found = 0
    for i in range(min(len(hashes), len(text) - max(size, ANCHOR_CHARS) + 1 - first)):
        if np.uint32(hashes[i]) < _DRAWN:
            polynomial = np.uint64(0)
            for j in range(ANCHOR_CHARS):
                polynomial += np.uint64(text[np.uint64(first + i + j)]) * _POWERS[j]
            out[found] = mix(polynomial)
            found += 1
    return found


@njit(cache=True, nogil=True)
def _sort_distinct(values: np.ndarray) -> int:
    """Sort `values` and move the distinct ones to the front; returns their number."""
    if len(values) < 2:
        return len(values)
    values.sort()
    count = 1
    for i in range(1, len(values)):
        if values[i] != values[count - 1]:
            values[count] = values[i]
            count += 1
    return count


@njit(cache=True, nogil=True)
def minhash(
    points: np.ndarray,
    starts: np.ndarray,
    lengths: np.ndarray,
    size: int,
    a: np.ndarray,
    b: np.ndarray,
    minima: np.ndarray,
    anchors: np.ndarray,
    counts: np.ndarray,
) -> int:
    """MinHash values and anchors of text i, `points[starts[i]:starts[i] + lengths[i]]`.

    `a` (odd) and `b` are uint32 (k,), k a multiple of `LANES`; the values go to `minima[i]`, uint32
    (n, k). A text without shingles keeps the greatest value everywhere. The anchors, sorted and
    distinct for each text, lie one text after the other in `anchors` (uint64, as long as `points`),
    `counts[i]` (int32) of text i; returns how many there are.
    """
    hashes = np.empty(_BLOCK, np.uint64)
    end = 0
    for i in range(len(starts)):
        minima[i] = np.uint32(0xFFFFFFFF)
        text = points[starts[i] : starts[i] + lengths[i]]
        found = 0
        last = max(len(text) - size, 0)  # where the last shingle starts
        for first in range(0, last + 1, _BLOCK):
            block = text[first : first + _BLOCK + size - 1]
            count = hash_shingles(block, size, hashes)
            for lane in range(0, len(a), LANES):
                _lower(hashes, count, a, b, minima[i], lane)
            found += _draw(text, first, size, hashes[:count], anchors[end + found :])
        counts[i] = _sort_distinct(anchors[end : end + found])
        end += counts[i]
    return end


@njit(cache=True, nogil=True)
def hash_bands(minima: np.ndarray, bands: int, rows: int, out: np.ndarray) -> None:
    """Hash each band's values to one uint64: `minima` (n, >= bands * rows) to `out` (bands, n).

    The polynomial of a shingle, over the number of the band and its values: equal values in
    different bands do not meet.
    """
    for i in range(len(minima)):
        for band in range(bands):
            polynomial = np.uint64(band + 1)
            for row in range(band * rows, (band + 1) * rows):
                polynomial = polynomial * _BASE + np.uint64(minima[i, row])
            out[band, i] = mix(polynomial)
