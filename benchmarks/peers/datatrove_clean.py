"""datatrove's cleaning of a JSONL file on one core; runs in datatrove's own environment.

    python datatrove_clean.py FILE.jsonl.gz OUTPUT_FOLDER LANGUAGE THRESHOLDS

Gopher repetition and quality filters, PII formatter, Parquet (zstd). LANGUAGE names the word
tokeniser: kor_Hang (Kiwi) or eng_Latn (spaCy). THRESHOLDS are `gopher`, the filters' defaults, or
`fineweb2`, what FineWeb-2 uses for Korean (configs/kor_Hang.yml and its pipeline). Prints one JSON
object; seconds leave out imports and the load of the tokeniser.
"""

import json
import sys
import time
from pathlib import Path

from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.text import split_into_words
from loguru import logger

REPETITION = {
    "dup_para_frac": 0,
    "dup_line_char_frac": 0,
    "dup_para_char_frac": 0,
    "dup_line_frac": 0.374,
    "top_n_grams": [(2, 0.282), (3, 0.228), (4, 0.185)],
    "dup_n_grams": [(5, 0.201), (6, 0.184), (7, 0.168), (8, 0.154), (9, 0.14), (10, 0.127)],
}
QUALITY = {
    "max_avg_word_length": 6,
    "min_avg_word_length": 1,
    "max_non_alpha_words_ratio": 0.791,
    "min_stop_words": 2,
    "stop_words": [*list("의다이는에을한년하은를했고가있인월로되"), "에서", "으로"],
}


def main() -> None:
    source, output, language, thresholds = Path(sys.argv[1]), *sys.argv[2:]
    repetition, quality = (REPETITION, QUALITY) if thresholds == "fineweb2" else ({}, {})
    logger.remove()
    split_into_words("말모이는 우리말 사전이다. 처음 쓰는 낱말.", language)
    steps = [
        JsonlReader(str(source.parent), glob_pattern=source.name, doc_progress=False),
        GopherRepetitionFilter(language=language, **repetition),
        GopherQualityFilter(language=language, **quality),
        PIIFormatter(),
        ParquetWriter(output, compression="zstd"),
    ]
    started = time.perf_counter()
    documents = None
    for step in steps:
        documents = step(documents, 0, 1)
    kept = sum(1 for _ in documents)
    print(json.dumps({"seconds": time.perf_counter() - started, "kept": kept}))


if __name__ == "__main__":
    main()
