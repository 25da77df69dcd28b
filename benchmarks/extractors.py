"""HTML extractors side by side: text kept, boilerplate let through, MB/s of raw HTML on one core.

    pip install trafilatura selectolax
    python benchmarks/extractors.py FILE.jsonl[.gz] ... [--show N] [--json]

Each page says itself what its content is: the text inside its first element that matches SELECTORS
(what authors and site generators mark as the article). Texts are compared by their runs of 8
characters without white space, counted with repetition: kept is the share of the content's that an
extractor gives, foreign the share of its own that are not the content's. Pages without such an
element are left out. The first row is what the clean step uses.
"""

import argparse
import gzip
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import trafilatura
from resiliparse.extract.html2text import extract_plain_text
from selectolax.lexbor import LexborHTMLParser

from pipeline.text.html import extract

SELECTORS = ("[itemprop=articleBody]", "article", "[role=main]", "main", "#content")
UNSEEN = ["script", "style", "noscript", "template"]
FURNITURE = ["nav", "header", "footer", "aside", "form"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="JSONL with raw HTML in `text`")
    parser.add_argument(
        "--show", type=int, default=0, help="print the ends of N pages as extracted"
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    pages = [
        (html, content_runs)
        for file in arguments.files
        for html in read(file)
        if (content_runs := content(html))
    ]
    rows = [measure(name, run, pages) for name, run in EXTRACTORS.items()]
    if arguments.json:
        print(json.dumps({"pages": len(pages), "rows": rows}, indent=1))
        return
    print(
        f"{len(pages)} pages, {sum(len(html.encode()) for html, _ in pages) / 1e6:.1f} MB of HTML"
    )
    print(f"{'extractor':<28}{'kept':>9}{'foreign':>9}{'MB/s':>9}{'failed':>8}")
    for row in rows:
        print(
            f"{row['extractor']:<28}{row['kept']:>9.3f}{row['foreign']:>9.3f}"
            f"{row['mb_per_second']:>9.1f}{row['failed']:>8}"
        )
    for html, _ in pages[: arguments.show]:
        for name, run in EXTRACTORS.items():
            text = run(html) or ""
            print(f"--- {name}: {len(text)} characters\n{text[:300]}\n...\n{text[-300:]}")


def measure(
    name: str, run: Callable[[str], str | None], pages: list[tuple[str, Counter[str]]]
) -> dict[str, object]:
    """Means over pages; a page without result counts as failed."""
    kept = foreign = 0.0
    failed = n_bytes = 0
    seconds = 0.0
    for html, content_runs in pages:
        started = time.perf_counter()
        text = run(html)
        seconds += time.perf_counter() - started
        n_bytes += len(html.encode())
        found = runs(text or "")
        failed += not found
        kept += (found & content_runs).total() / content_runs.total()
        foreign += (found - content_runs).total() / max(found.total(), 1)
    return {
        "extractor": name,
        "kept": kept / len(pages),
        "foreign": foreign / len(pages),
        "mb_per_second": n_bytes / 1e6 / seconds,
        "failed": failed,
    }


def content(html: str) -> Counter[str]:
    """The text of the element that the page marks as its content, as runs of characters."""
    tree = LexborHTMLParser(html)
    tree.strip_tags(UNSEEN)
    for selector in SELECTORS:
        element = tree.css_first(selector)
        if element is not None and (found := runs(element.text())).total() >= 200:
            return found
    return Counter()


def runs(text: str) -> Counter[str]:
    text = "".join(text.split())
    return Counter(text[at : at + 8] for at in range(len(text) - 7))


def selectolax_text(html: str) -> str:
    """All text of the body but what stands in elements of navigation."""
    tree = LexborHTMLParser(html)
    tree.strip_tags([*UNSEEN, *FURNITURE])
    return tree.body.text(separator=" ") if tree.body is not None else ""


EXTRACTORS: dict[str, Callable[[str], str | None]] = {
    "resiliparse (ours)": extract,
    "resiliparse, all text": lambda html: extract_plain_text(html, main_content=False),
    "trafilatura": lambda html: trafilatura.extract(html, include_comments=False),
    "trafilatura, recall": lambda html: trafilatura.extract(html, favor_recall=True),
    "trafilatura, fast": lambda html: trafilatura.extract(html, fast=True),
    "selectolax": selectolax_text,
}


def read(path: Path) -> list[str]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        return [json.loads(line)["text"] for line in lines]


if __name__ == "__main__":
    main()
