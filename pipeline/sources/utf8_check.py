"""Whether bytes are UTF-8, many at a time."""

import numba as nb
import numpy as np
import numpy.typing as npt


def is_utf8(data: bytes | bytearray) -> bool:
    """Whether bytes are UTF-8 (Unicode 16, table 3-7), as Python's strict decoder judges them."""
    array = np.frombuffer(data, np.uint8)
    if len(array) < 3 or array[:3].max() > 0x7F:
        array = np.concatenate([np.zeros(3, np.uint8), array])
    return bool(_is_valid(array))


@nb.njit(cache=True, nogil=True)
def _is_valid(data: npt.NDArray[np.uint8]) -> bool:
    """Without branches, so that it runs on vectors; the first three bytes must be ASCII."""
    n = len(data) - 3
    third, second, first, here = data[:n], data[1 : n + 1], data[2 : n + 2], data[3:]
    wrong = False  # a bool, so that a vector holds as many as it holds bytes
    for at in range(n):
        byte, before = here[at], first[at]
        due = (before >= 0xC0) | (second[at] >= 0xE0) | (third[at] >= 0xF0)
        wrong |= due != ((byte & 0xC0) == 0x80)
        wrong |= (before == 0xE0) & (byte < 0xA0)
        wrong |= (before == 0xED) & (byte > 0x9F)
        wrong |= (before == 0xF0) & (byte < 0x90)
        wrong |= (before == 0xF4) & (byte > 0x8F)
        wrong |= (byte == 0xC0) | (byte == 0xC1) | (byte > 0xF4)
    return not wrong and data[-1] < 0xC0 and data[-2] < 0xE0 and data[-3] < 0xF0
