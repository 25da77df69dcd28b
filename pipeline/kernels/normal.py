"""The gate of the normal form over Arrow buffers: which documents stand as they are."""

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.entities import (
    AMPERSAND,
    HARD_ENTITY,
    NO_ENTITY,
    SEMICOLON,
    Bytes,
    body_end,
    entity_at,
)
from pipeline.kernels.normal_blocks import BLOCK, calm_until, plain_size, run_before
from pipeline.kernels.normal_tables import KEEP, NORMAL, ODD_SPACE, PYTHON, TO_PYTHON, TO_REWRITE
from pipeline.kernels.utf8 import code_point

_SPACE, _LINE = 0x20, 0x0A


@njit(cache=True, nogil=True)
def _verdict(
    data: Bytes,
    start: int,
    end: int,
    limits: npt.NDArray[np.int64],
    skips: Bytes,
    kinds: Bytes,
    names: npt.NDArray[np.uint64],
    values: npt.NDArray[np.int32],
) -> int:
    """NORMAL, or what the first thing out of order asks for."""
    at, last, run = start, _LINE, 2  # a document starts as after two newlines: no more, no blank
    if end > start and data[start] == _SPACE:
        return TO_REWRITE
    next_block = start  # where it is worth testing a block again
    while at < end:
        if last == 0 and at >= next_block:
            begun, at = at, calm_until(data, at, end)
            next_block = at + BLOCK
            if at > begun:
                last, run = run_before(data, at, skips)
        byte = data[at]
        plain = plain_size(data, at, skips)
        if plain:
            at += plain
            last = 0
            continue
        if byte == _SPACE:
            if last == _SPACE:
                return TO_REWRITE
            at += 1
            last = _SPACE
            continue
        if byte < 0x80:
            code, size = int(byte), 1
        else:
            point, size = code_point(data, at)
            code = int(point)
        at += size
        kind = kinds[code]
        if kind == KEEP:
            last = 0
            continue
        if kind >= ODD_SPACE:
            return TO_PYTHON if kind == PYTHON else TO_REWRITE
        run = run + 1 if code == last else 1
        if run > limits[kind] or (code == _LINE and last == _SPACE):
            return TO_REWRITE
        if code == AMPERSAND:
            stop = body_end(data, at, end)
            if stop < end and data[stop] == SEMICOLON:
                entity = entity_at(data, at, stop, names, values)
                if entity != NO_ENTITY:
                    return TO_PYTHON if entity == HARD_ENTITY else TO_REWRITE
        last = code
    return TO_REWRITE if end > start and last in (_SPACE, _LINE) else NORMAL


@njit(cache=True, nogil=True)
def judge_texts(
    starts: npt.NDArray[np.int64],
    data: Bytes,
    limits: npt.NDArray[np.int64],
    skips: Bytes,
    kinds: Bytes,
    names: npt.NDArray[np.uint64],
    values: npt.NDArray[np.int32],
    verdicts: Bytes,
) -> int:
    """Fills `verdicts`, uint8[n]; how many documents are not NORMAL."""
    n_other = 0
    for row in range(len(starts) - 1):
        verdicts[row] = _verdict(
            data, starts[row], starts[row + 1], limits, skips, kinds, names, values
        )
        n_other += verdicts[row] != NORMAL
    return n_other
