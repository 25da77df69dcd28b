"""The normal form over Arrow buffers: the documents that the gate stopped, rewritten.

What acts on its neighbours is given up (`TO_PYTHON`): combining marks, conjoining jamo, emoji of
several characters, an entity that would decode into another. `pipeline.text.normal.normalise` does
those documents, and is the definition of what comes out here.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.entities import (
    AMPERSAND,
    HARD_ENTITY,
    MAX_BODY,
    NO_ENTITY,
    SEMICOLON,
    Bytes,
    ampersand_before,
    entity_at,
)
from pipeline.kernels.normal_blocks import BLOCK, calm_until, ordinary_until, plain_size, run_before
from pipeline.kernels.normal_tables import (
    FOLDED,
    KEEP,
    NEWLINE,
    NORMAL,
    ODD_BREAK,
    ODD_SPACE,
    PYTHON,
    RULES,
    RUN_JAMO,
    TO_PYTHON,
    TO_REWRITE,
    UNSEEN,
)
from pipeline.kernels.utf8 import code_point

_WIDE, _INVISIBLE, _COMPOSED, _ENTITY, _SPACES, _NEWLINES, _JAMO_RUN, _SYMBOL_RUN = (
    1 << bit for bit in range(len(RULES))
)

_SPACE, _LINE = 0x20, 0x0A


@njit(cache=True, nogil=True)
def _put(out: Bytes, at: int, code: int) -> int:
    """Writes a code point; where the next one goes."""
    if code < 0x80:
        out[at] = code
        return at + 1
    if code < 0x800:
        out[at] = 0xC0 | code >> 6
        out[at + 1] = 0x80 | code & 0x3F
        return at + 2
    if code < 0x10000:
        out[at] = 0xE0 | code >> 12
        out[at + 1] = 0x80 | code >> 6 & 0x3F
        out[at + 2] = 0x80 | code & 0x3F
        return at + 3
    out[at] = 0xF0 | code >> 18
    out[at + 1] = 0x80 | code >> 12 & 0x3F
    out[at + 2] = 0x80 | code >> 6 & 0x3F
    out[at + 3] = 0x80 | code & 0x3F
    return at + 4


@njit(cache=True, nogil=True)
def _characters(
    data: Bytes,
    start: int,
    end: int,
    skips: Bytes,
    kinds: Bytes,
    forms: npt.NDArray[np.uint32],
    names: npt.NDArray[np.uint64],
    values: npt.NDArray[np.int32],
    out: Bytes,
) -> tuple[int, int]:
    """Single characters folded, dropped and mapped, entities decoded, into `out`.

    (End of what was written, rules that changed something), or (-1, 0) for TO_PYTHON.
    """
    at, to, rules = start, 0, 0
    decoded = 0  # end of the last decoded entity: no & before it opens one
    next_block = start  # where it is worth testing a block again, no entity being open
    while at < end:
        if at >= next_block:
            begun, at = at, ordinary_until(data, at, end)
            next_block = at + BLOCK
            if at > begun:
                out[to : to + at - begun] = data[begun:at]
                to += at - begun
        byte = data[at]
        plain = plain_size(data, at, skips)
        if plain:
            out[to] = byte
            if plain == 3:
                out[to + 1] = data[at + 1]
                out[to + 2] = data[at + 2]
            at += plain
            to += plain
            continue
        if byte < 0x80:
            code, size = int(byte), 1
        else:
            point, size = code_point(data, at)
            code = int(point)
        at += size
        kind = kinds[code]
        if kind >= ODD_SPACE:
            if kind == PYTHON:
                return -1, 0
            if kind == UNSEEN:
                rules |= _INVISIBLE
                next_block = max(next_block, at + MAX_BODY + 2)
                continue
            if kind == ODD_SPACE:
                code = _SPACE
                rules |= _SPACES
            elif kind == ODD_BREAK:
                if code == 0x0D and at < end and data[at] == _LINE:
                    at += 1
                code = _LINE
                rules |= _NEWLINES
            else:
                rules |= _WIDE if kind == FOLDED else _COMPOSED
                code = int(forms[code])
        if code == AMPERSAND:
            next_block = max(next_block, at + MAX_BODY + 2)
        elif code == SEMICOLON:
            opened = ampersand_before(out, to)
            if opened >= 0:
                entity = entity_at(out, opened + 1, to, names, values)
                if entity != NO_ENTITY:
                    if entity in (HARD_ENTITY, SEMICOLON) or opened < decoded:
                        return -1, 0
                    kind = kinds[entity]
                    if kind == ODD_SPACE:
                        rules |= _SPACES
                        entity = _SPACE
                    elif kind > NEWLINE:
                        return -1, 0
                    rules |= _ENTITY
                    to = decoded = _put(out, opened, entity)
                    continue
        if code < 0x80:
            out[to] = code
            to += 1
        else:
            to = _put(out, to, code)
    return to, rules


@njit(cache=True, nogil=True)
def _runs(
    data: Bytes,
    end: int,
    limits: npt.NDArray[np.int64],
    skips: Bytes,
    kinds: Bytes,
    out: Bytes,
    base: int,
) -> tuple[int, int]:
    """data[:end] into `out` from `base` on, its spaces, newlines and runs brought to their limits.

    (End of what was written, rules that changed something.)
    """
    at, to, rules = 0, base, 0
    last, run = 0, 0  # what was written last, and how often in a row; 0 for what may repeat
    blanks = 0  # spaces read and not yet written
    next_block = 0
    while at < end:
        if last == 0 and blanks == 0 and to > base and at >= next_block:
            begun, at = at, calm_until(data, at, end)
            next_block = at + BLOCK
            if at > begun:
                out[to : to + at - begun] = data[begun:at]
                to += at - begun
                last, run = run_before(data, at, skips)
        byte = data[at]
        if byte == _SPACE:
            blanks += 1
            at += 1
            continue
        size = plain_size(data, at, skips)
        code, kind = int(byte), np.uint8(KEEP)
        if size == 0:
            size = 1
            if byte >= 0x80:
                point, size = code_point(data, at)
                code = int(point)
            kind = kinds[code]
        if blanks:
            if code == _LINE or to == base:
                rules |= _SPACES
            else:
                out[to] = _SPACE
                to += 1
                last = _SPACE
                if blanks > 1:
                    rules |= _SPACES
            blanks = 0
        if kind == KEEP:
            last = 0
        else:
            run = run + 1 if code == last else 1
            last = code
            if run > limits[kind] or (code == _LINE and to == base):
                if code == _LINE:
                    rules |= _NEWLINES
                else:
                    rules |= _JAMO_RUN if kind == RUN_JAMO else _SYMBOL_RUN
                at += size
                continue
        for byte_at in range(size):
            out[to + byte_at] = data[at + byte_at]
        at += size
        to += size
    if blanks:
        rules |= _SPACES
    while to > base and out[to - 1] == _LINE:
        to -= 1
        rules |= _NEWLINES
    return to, rules


@njit(cache=True, nogil=True)
def rewrite_texts(
    starts: npt.NDArray[np.int64],
    data: Bytes,
    limits: npt.NDArray[np.int64],
    skips: Bytes,
    kinds: Bytes,
    forms: npt.NDArray[np.uint32],
    names: npt.NDArray[np.uint64],
    values: npt.NDArray[np.int32],
    verdicts: Bytes,
    rules: npt.NDArray[np.uint16],
    offsets: npt.NDArray[np.int32],
    out: Bytes,
) -> int:
    """All documents into `out`, uint8[bytes of texts]: as they are where NORMAL, else rewritten.

    Documents for Python are left empty, and marked so in `verdicts`. Fills offsets, int32[n + 1],
    and rules, uint16[n], bits of `RULES`. Returns the bytes written.
    """
    to = row = longest = 0
    n = len(starts) - 1
    for other in range(n):
        if verdicts[other] == TO_REWRITE:
            longest = max(longest, starts[other + 1] - starts[other])
    folded = np.empty(longest, np.uint8)
    while row < n:
        if verdicts[row] == NORMAL:
            begin = starts[row]
            while row < n and verdicts[row] == NORMAL:
                row += 1
                offsets[row] = to + starts[row] - begin
            size = starts[row] - begin
            out[to : to + size] = data[begin : begin + size]
            to += size
            continue
        if verdicts[row] == TO_REWRITE:
            start, end = starts[row], starts[row + 1]
            stop, changed = _characters(
                data, start, end, skips, kinds, forms, names, values, folded
            )
            if stop < 0:
                verdicts[row] = TO_PYTHON
            else:
                to, cut = _runs(folded, stop, limits, skips, kinds, out, to)
                rules[row] = changed | cut
        row += 1
        offsets[row] = to
    return to
