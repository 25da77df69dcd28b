"""Whatever a text holds, ten times as much of it takes about ten times as long."""

import time

import pytest

from pipeline.pii.detect import detect
from tokenizer.special import ALL_PII_KINDS

PIECES = [
    "1", "1-", "1 ", "010-", "0 1 ", "010-2345-6789 ", "국민 110-123-456789, ", "@", "a@", "a@b.",
    "a@b.kr ", "abc at ", "(at)", "골뱅이 ", "공", "공 ", "공일", "공일 ", "일이삼사오육칠팔구",
    "o", "o1", "⓪①", "길 1", "강남구 역삼동 1-1 ", "서울 ", "1-1-", "1.1.", "2001:", "12가 3456 ",
    "82-",
    "(", "M123", "P123456789012 ", "\u200b", "0\u200b", "１", "2023. 1. 2. ", "1,234,",
    "홍길동 씨 ", "123456-1234567", "면허 ", "/",
]  # fmt: skip
SMALL, LARGE = 20_000, 200_000


def seconds(text: str) -> float:
    started = time.process_time()
    detect(text, ALL_PII_KINDS)
    return time.process_time() - started


@pytest.mark.parametrize("piece", PIECES)
def test_ten_times_the_text_takes_ten_times_as_long(piece: str) -> None:
    small, large = (piece * (size // len(piece)) for size in (SMALL, LARGE))
    floor = 0.02  # below it the clock says nothing
    ratios = []
    for _ in range(3):
        ratios.append(seconds(large) / max(seconds(small), floor))
        if ratios[-1] <= 25:  # quadratic code gives 100
            return
    raise AssertionError(f"{piece!r}: ten times the text, {min(ratios):.0f} times as long")
