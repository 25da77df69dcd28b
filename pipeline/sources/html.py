"""HTML: one page a file. The text is the page's source; the clean step extracts what it says."""

from collections.abc import Iterator

from pipeline.settings import Clean, Source
from pipeline.sources.records import Failed, Raw
from pipeline.sources.text import document, read_whole
from pipeline.text.html import declared_charset


def read_html(uri: str, place: str, source: Source, clean: Clean) -> Iterator[Raw | Failed]:
    """The one record of a page, decoded by `source.encoding`, else by the charset it declares."""
    raw = read_whole(uri, place, clean.max_document_bytes)
    if isinstance(raw, Failed):
        yield raw
    else:
        yield document(raw, place, source.encoding, declared_charset(raw))
