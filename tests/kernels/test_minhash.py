"""Shingle, MinHash, anchor and band kernels, against plain Python and datasketch."""

import datasketch
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.canonical import canonical
from pipeline.dedup.signatures import minhash, sign
from pipeline.dedup.verify import shingle_sets
from pipeline.kernels.minhash import ANCHOR_CHARS, ANCHOR_EVERY, hash_bands, hash_shingles, mix
from pipeline.settings import Dedup

MASK = (1 << 64) - 1
POINTS = st.lists(st.integers(1, 0x10FFFF), max_size=60)


def mixed(x: int) -> int:
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def shingle_hashes(points: list[int], size: int) -> list[int]:
    """The definition: a polynomial of each shingle, mixed."""
    size = min(size, len(points))
    grams = [points[i : i + size] for i in range(len(points) - size + 1)] if points else []
    values = []
    for gram in grams:
        polynomial = 0
        for point in gram:
            polynomial = polynomial * 0xD6E8FEB86659FD93 + point & MASK
        values.append(mixed(polynomial))
    return values


@settings(deadline=None)
@given(POINTS, st.integers(1, 9))
def test_rolling_hashes_are_those_of_the_definition(points: list[int], size: int) -> None:
    out = np.zeros(max(1, len(points)), np.uint64)
    count = hash_shingles(np.array(points, np.uint32), size, out)
    assert out[:count].tolist() == shingle_hashes(points, size)


def test_mix_is_splitmix64() -> None:
    # The first outputs of SplitMix64 seeded with 0 are mix(1 * golden), mix(2 * golden).
    golden = 0x9E3779B97F4A7C15
    assert int(mix(np.uint64(golden))) == 0xE220A8397B1DCDAF
    assert int(mix(np.uint64(2 * golden & MASK))) == 0x6E789E6AA1B965F4


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("가나다라마 abc1!", max_size=40), min_size=1, max_size=5))
def test_minhash_is_the_least_permuted_shingle(texts: list[str]) -> None:
    plan = Dedup(shingle=3, bands=3, rows=4, seed=9)
    values = minhash(pa.array(texts), plan)
    state = np.random.SeedSequence(9).generate_state(2 * 12, np.uint32).reshape(12, 2).tolist()
    for text, row in zip(texts, values.tolist(), strict=True):
        upper = [h >> 32 for h in shingle_hashes([ord(c) for c in canonical(text)], 3)]
        assert row == [
            min([((a | 1) * x + b) % 2**32 for x in upper], default=2**32 - 1) for a, b in state
        ]


def test_blocks_of_a_long_text_make_no_difference() -> None:
    """A text of several blocks has the minima of its parts, which overlap by a shingle less one."""
    rng = np.random.default_rng(3)
    text = "".join(map(chr, rng.integers(0xAC00, 0xD7A3, 5000)))
    parts = [text[start : start + 700 + 4] for start in range(0, 5000, 700)]
    whole, split = (minhash(pa.array(texts), Dedup()) for texts in ([text], parts))
    assert np.array_equal(whole[0], split.min(axis=0))


def similar_texts(rng: np.random.Generator, share: float) -> tuple[str, str]:
    """Two texts of random syllables whose shingle sets overlap by about `share`."""
    text = rng.integers(0xAC00, 0xD7A3, 400)
    kept = round(len(text) * 2 * share / (1 + share))
    other = np.concatenate([text[:kept], rng.integers(0xAC00, 0xD7A3, len(text) - kept)])
    return "".join(map(chr, text)), "".join(map(chr, other))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.95])
def test_estimates_have_the_standard_error_of_minhash_as_datasketch_has(share: float) -> None:
    """Over 150 pairs of texts the root mean square error is sqrt(J (1 - J) / 125), within 20 %.

    The root mean square of 150 normal errors has a relative deviation of 6 %; the texts are fixed.
    """
    rng = np.random.default_rng(round(share * 100))
    pairs = [similar_texts(rng, share) for _ in range(150)]
    ours, theirs = [], []
    for a, b in pairs:
        sets = shingle_sets(pa.array([a, b]), np.arange(2, dtype=np.uint64), 5).letters
        exact = len(np.intersect1d(sets[0], sets[1])) / len(np.union1d(sets[0], sets[1]))
        error = np.sqrt(exact * (1 - exact) / 125)
        left, right = minhash(pa.array([a, b]), Dedup())
        ours.append((np.mean(left == right) - exact) / error)
        sketches = [datasketch.MinHash(125, hashfunc=lambda x: x >> 32) for _ in range(2)]
        for sketch, hashes in zip(sketches, (sets[0], sets[1]), strict=True):
            sketch.update_batch(hashes.tolist())
        theirs.append((sketches[0].jaccard(sketches[1]) - exact) / error)
    for errors in (ours, theirs):
        assert abs(np.sqrt(np.mean(np.square(errors))) - 1) < 0.2
        assert abs(np.mean(errors)) < 0.25  # three deviations of the mean of 150


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 300), st.integers(1, 9), st.integers(1, 130), st.integers(0, 2**32))
def test_any_number_of_shingles_and_permutations_is_plain_numpy(
    n_chars: int, size: int, permutations: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    points = rng.integers(0xAC00, 0xD7A3, n_chars)
    values = minhash(
        pa.array(["".join(map(chr, points))]),
        Dedup(shingle=size, bands=1, rows=permutations, seed=seed),
    )
    state = np.random.SeedSequence(seed).generate_state(
        2 * (-(-permutations // 64) * 64), np.uint32
    )
    a, b = state.reshape(-1, 2)[:permutations].T
    upper = np.array([h >> 32 for h in shingle_hashes(points.tolist(), size)], np.uint32)
    expected = ((a | np.uint32(1)) * upper[:, None] + b).min(axis=0)
    assert np.array_equal(values[0], expected)


def anchors(texts: list[str], plan: Dedup | None = None) -> list[list[int]]:
    return sign(pa.array(texts, pa.string()), plan or Dedup())["anchors"].to_pylist()


def random_text(rng: np.random.Generator, n_chars: int, syllables: int = 11172) -> str:
    return "".join(map(chr, 0xAC00 + rng.integers(0, syllables, n_chars)))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 1500), min_size=1, max_size=4),
    st.sampled_from([2, 40, 11172]),
    st.sampled_from([1, 5, 31, 32, 33, 50]),
    st.integers(0, 2**32),
)
def test_anchors_are_those_of_the_definition(
    lengths: list[int], syllables: int, size: int, seed: int
) -> None:
    """Few syllables repeat many passages; a text may be shorter than an anchor or a shingle."""
    rng = np.random.default_rng(seed)
    texts = [random_text(rng, n, syllables) for n in lengths]
    for text, found in zip(texts, anchors(texts, Dedup(shingle=size)), strict=True):
        points = [ord(c) for c in text]
        whole = len(points) >= max(size, ANCHOR_CHARS)
        drawing = shingle_hashes(points, size) if whole else []
        passages = shingle_hashes(points, ANCHOR_CHARS)
        drawn = {
            passage
            for draw, passage in zip(drawing, passages, strict=False)
            if (draw & 0xFFFFFFFF) < 2**32 // ANCHOR_EVERY
        }
        assert found == sorted(drawn)


def test_one_position_in_64_is_an_anchor() -> None:
    (found,) = anchors([random_text(np.random.default_rng(1), 200_000)])
    assert abs(len(found) - 200_000 / 64) < 4 * np.sqrt(200_000 / 64)


@settings(max_examples=40, deadline=None)
@given(st.integers(400, 3000), st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 2**32))
def test_a_text_has_the_anchors_of_what_it_contains(
    inner: int, before: int, after: int, seed: int
) -> None:
    """All those of the inner text, and no others but those that reach into its surroundings."""
    rng = np.random.default_rng(seed)
    head, text, tail = (random_text(rng, n) for n in (before, inner, after))
    own, whole, left, right = map(
        set, anchors([text, head + text + tail, head + text[:31], text[-31:] + tail])
    )
    assert own <= whole
    assert whole == own | left | right


def test_most_texts_of_400_characters_are_found_in_a_larger_one() -> None:
    """One in 300 has no anchor; with them, spacing and punctuation make no difference."""
    rng = np.random.default_rng(2)
    texts = [random_text(rng, 400) for _ in range(1000)]
    spaced = [". ".join(text[i : i + 7] for i in range(0, 400, 7)) for text in texts]
    (book,) = anchors(["".join(spaced)])
    found = anchors(texts)
    assert all(set(own) <= set(book) for own in found)
    assert sum(not own for own in found) <= 12


def test_bands_hash_their_own_rows_and_number() -> None:
    minima = np.arange(6, dtype=np.uint32).reshape(1, 6)
    out = np.zeros((3, 1), np.uint64)
    hash_bands(minima, 3, 2, out)
    same = np.zeros((3, 1), np.uint64)
    hash_bands(np.full((1, 6), 5, np.uint32), 3, 2, same)
    assert len(set(same[:, 0].tolist())) == 3  # equal values in different bands do not meet
    changed = minima.copy()
    changed[0, 2] = 99
    other = np.zeros((3, 1), np.uint64)
    hash_bands(changed, 3, 2, other)
    assert (out == other).tolist() == [[True], [False], [True]]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 2**32))
def test_band_hashes_are_those_of_the_definition(bands: int, rows: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 2**32, (3, bands * rows), np.uint32)
    out = np.zeros((bands, 3), np.uint64)
    hash_bands(values, bands, rows, out)
    for row in range(3):
        for band in range(bands):
            polynomial = band + 1
            for value in values[row, band * rows : (band + 1) * rows].tolist():
                polynomial = polynomial * 0xD6E8FEB86659FD93 + value & MASK
            assert out[band, row] == mixed(polynomial)
