"""HTML: one page a file. The text is the page's source; the clean step extracts what it says."""

from collections.abc import Iterator

from pipeline.settings import Clean, Source
from pipeline.sources.records import Block, Failed, blocks
from pipeline.sources.text import document, read_whole
from pipeline.sources.units import Split
from pipeline.text.html import declared_charset


def read_html(
    uri: str, place: str, split: Split | None, source: Source, clean: Clean
) -> Iterator[Block]:
    """The one record of a page, decoded by `source.encoding`, else by the charset it declares."""
    raw = read_whole(uri, place, clean)
    if isinstance(raw, Failed):
        yield from blocks([raw])
    else:
        yield from blocks([document(raw, place, source.encoding, declared_charset(raw))])
