"""The special tokens: one spelling, shared by the PII masker, the tokenizer and the trainer.

Ids 0 to 3 and the last three of the vocabulary are those of Polyglot-Ko's released tokenizer
(`<|acc|>` 30000, `<|tel|>` 30001, `<|rrn|>` 30002 in its 30,003 entries).
"""

from collections.abc import Iterable

CONTROL = ("<|unused0|>", "<|unused1|>", "<|endoftext|>", "<|sep|>")
END_OF_TEXT = "<|endoftext|>"
END_OF_TEXT_ID = CONTROL.index(END_OF_TEXT)

PII_KINDS = (
    "rrn",
    "frn",
    "passport",
    "driver",
    "brn",
    "card",
    "customs",
    "tel",
    "acc",
    "email",
    "ip",
    "plate",
    "address",
)
"""What is masked by default."""
ALL_PII_KINDS = (*PII_KINDS, "name")
"""What can be masked: persons' names only where a recipe asks for them."""
POLYGLOT_MASKS = ("acc", "tel", "rrn")


def mask_token(kind: str) -> str:
    """The token that stands for a masked value of `kind`, e.g. `<|tel|>`."""
    return f"<|{kind}|>"


def mask_pieces(kinds: Iterable[str]) -> list[str]:
    """Mask tokens in vocabulary order, the last one at the highest id.

    Polyglot-Ko's three are always there and always last; further kinds stand before them, sorted.
    """
    further = sorted(set(kinds) - set(POLYGLOT_MASKS))
    return [mask_token(kind) for kind in (*further, *POLYGLOT_MASKS)]
