"""What every vocabulary must do, tried on texts that break tokenizers."""

from collections.abc import Sequence

import sentencepiece

from tokenizer.errors import MalmoiError
from tokenizer.special import CONTROL, mask_pieces
from tokenizer.vocabulary import byte_lengths

ADVERSARIAL = (
    "",
    " ",
    "   ",
    "\n",
    "\n\n \n",
    "말모이는 우리말 사전의 원고이다.",
    " 앞에 빈칸, 뒤에 빈칸 ",
    "빈칸이   여럿  있다\n  들여쓰기\n    더 깊이",
    "탭\t과 \r\n 줄 바꿈",
    "ㅋㅋㅋㅋ ㅠㅠ ㅇㅇ 아닠ㅋㅋ 뷁 쀍 힣 갂",
    "한글",  # conjoining jamo
    "大韓民國 憲法 第1條",
    "2,350자, 1234567890원, 3.14 ②③ Ⅳ",
    "https://example.org/가나다?x=1&y=%20#z",
    "😀👨‍👩‍👧‍👦🇰🇷 ☎️ 𠀀𝔘",
    "▁ ▁▁ a▁b ▁가 가▁",
    "\ufdd0 \ufdd0a \ufdd0b ▁a▁b \ufdd0▁ ▁\ufdd0",
    "\u2585 \u2047 \ufffd \ufffe \U0010ffff \x00\x01\x1f\x7f\x85\xa0\u3000\u200b\u2028",
    "<unk> <s> </s> <pad> <0x41> <0x0A> [MASK]",
    "".join(CONTROL),
    "<|endoftext|>가<|sep|> <|unused0|>",
    "<| tel |> <|tel <|<|rr|>n|> |>",
    "e\u0301 Å ﬁ ﷺ ٣ ไทย हिन्दी ひらがな カタカナ",
    "def f(x):\n\treturn {'a': x[0] ** 2}  # 주석\n",
    "가" * 300,
    "ab" * 300 + "...!?" * 50,
)


def check(model: bytes, vocab_size: int, mask_kinds: Sequence[str]) -> None:
    """Raises MalmoiError unless the model keeps its promises.

    They are: its size; ids 0 to 3; each mask one piece wherever it stands, and the last ids; text
    that spells a control token stays text; every adversarial text comes back, and its ids say how
    many bytes it has.
    """
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    masks = mask_pieces(mask_kinds)
    size = processor.get_piece_size()
    _expect(size == vocab_size, f"it has {size} entries, not {vocab_size}")
    expected = {**dict(enumerate(CONTROL)), **dict(enumerate(masks, size - len(masks)))}
    found = {i: processor.id_to_piece(i) for i in expected}
    _expect(found == expected, f"its special tokens are {found}, not {expected}")
    for i, mask in enumerate(masks, size - len(masks)):
        for text in (mask, f"가{mask}나", f" {mask} ", f"<|{mask}|>"):
            ids = processor.encode(text)
            _expect(ids.count(i) == 1, f"{mask} in {text!r} is not one token")
            _expect(processor.decode(ids) == text, f"{text!r} does not come back")
    lengths = byte_lengths(model)
    for text in ADVERSARIAL:
        ids = processor.encode(text)
        _expect(processor.decode(ids) == text, f"{text!r} does not come back")
        _expect(not ids or min(ids) >= len(CONTROL), f"{text!r} gives a control token")
        if not any(mask in text for mask in masks):
            n_bytes, counted = len(text.encode()), int(lengths[ids].sum())
            _expect(n_bytes == counted, f"{text!r} has {n_bytes} bytes, its ids say {counted}")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise MalmoiError(
            f"the trained vocabulary is unsound: {otherwise}; "
            "train with the versions of sentencepiece that pyproject.toml names"
        )
