"""The README of a tokenizer: how it was trained, what it holds, how to use it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tokenizer.config import Boundaries, TokenizerConfig
from tokenizer.special import CONTROL, mask_pieces

CARD = """---
language:
- ko
library_name: transformers
tags:
- tokenizer
- korean
---

# A Korean tokenizer of {vocab_size:,} entries, made by Malmoi

{how}

It needs no morphological analyser to encode, changes no character of the text (no normalisation:
every Unicode text comes back as it was), and spells what it has no entry for in UTF-8 bytes.

| Measured on the counted text | |
|---|---:|
| eojeol counted | {eojeol:,} |
| of them distinct | {distinct_eojeol:,} |
| distinct, seen {least_count:,} times or more, so used | {used_eojeol:,} |
| UTF-8 bytes a token | {bytes_per_token:.3f} |
| tokens an eojeol | {tokens_per_eojeol:.3f} |
{quality}
## Vocabulary

| Kind of entry | Entries |
|---|---:|
{make_up}

## Special tokens

| Id | Token | Use |
|---:|---|---|
{special}

Text that spells one of the first four is read as ordinary text, here and in `transformers`
(`split_special_tokens` is set): put the end of a text by its id.
A mask token in the text is one id.

## Use

```python
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("this/directory")
tokenizer("말모이는 우리말 사전의 원고이다.")["input_ids"]
```

`malmoi.model` is the same tokenizer for SentencePiece, `malmoi.vocab` its listing, and
`token_bytes.npy` the UTF-8 bytes each id stands for, which bits per byte are computed with.

## Settings

| Setting | Value |
|---|---|
{settings}

SHA-256 of `malmoi.model`: `{sha256}`; made with {versions}.
"""

QUALITY = """
On some text of every source; tokens that cross a boundary between morphemes (Kiwi's) and tokens \
that are part of a character are shares of all, Rényi efficiency is of order 2.5 \
([Zouhar et al. 2023](https://arxiv.org/abs/2306.16842)):

| Source | kB | Bytes a token | Characters | Tokens an eojeol | Across | Rényi | Bytes |
|---|---:|---:|---:|---:|---:|---:|---:|
{rows}
"""

WITH_MORPHEMES = """Byte-pair encoding (SentencePiece) over counts of eojeol of the whole corpus. \
Kiwi split {analysed:,} distinct words into morphemes before training, and no merge crosses a \
boundary {which}{unsplit}: {rows:,} distinct strings. {failed:,} words on which Kiwi failed \
and {too_long:,} eojeol of more than {max_chars} characters were kept whole."""

BOUNDARIES: dict[Boundaries, str] = {
    "all": "between them",
    "grammar": "before a particle, an ending or a copula",
    "runs": "between them, but inside runs of particles and endings",
}

PLAIN = """Byte-pair encoding (SentencePiece) over counts of eojeol of the whole corpus, without \
morphological analysis: {rows:,} distinct strings."""

CONTROL_USES = ("unused (the unknown piece)", "unused (padding)", "end of text", "separator")


def card(config: TokenizerConfig, mask_kinds: Sequence[str], statistics: dict[str, Any]) -> str:
    """The card in Markdown, from the statistics of build.build; no dates, no paths."""
    how = (WITH_MORPHEMES if config.morphemes else PLAIN).format(
        **statistics,
        max_chars=config.max_eojeol_chars,
        which=BOUNDARIES[config.boundaries],
        unsplit=f" (whole eojeol have {config.unsplit_share:.1%} of the counts beside)"
        if config.unsplit_share
        else "",
    )
    masks = mask_pieces(mask_kinds)
    first_mask = config.vocab_size - len(masks)
    special = [*zip(range(len(CONTROL)), CONTROL, CONTROL_USES, strict=True)]
    special += [(first_mask + i, mask, "masked personal data") for i, mask in enumerate(masks)]
    return CARD.format(
        **statistics
        | {
            "how": how,
            "quality": _quality(statistics["quality"]),
            "make_up": _rows((kind, f"{n:,}") for kind, n in statistics["make_up"].items()),
            # a bar ends a cell even within backquotes
            "special": _rows((i, f"`{t}`".replace("|", r"\|"), use) for i, t, use in special),
            "settings": _rows((f"`{name}`", _shown(value)) for name, value in config),
            "versions": ", ".join(f"{k} {v}" for k, v in statistics["versions"].items()),
        }
    )


def _quality(quality: Mapping[str, Any]) -> str:
    if not quality["sources"]:
        return ""
    rows = [*quality["sources"].items(), ("all", quality["all"])]
    return QUALITY.format(
        rows=_rows(
            (
                source,
                f"{row['bytes'] / 1000:,.0f}",
                f"{row['bytes_per_token']:.3f}",
                f"{row['characters_per_token']:.3f}",
                f"{row['tokens_per_eojeol']:.3f}",
                f"{row['crossing']:.1%}",
                f"{row['renyi']:.3f}",
                f"{row['byte_fallback']:.2%}",
            )
            for source, row in rows
        )
    )


def _shown(value: object) -> object:
    return "none" if value in (None, {}) else value


def _rows(cells: Iterable[tuple[object, ...]]) -> str:
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in cells)
