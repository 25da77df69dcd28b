"""The format of a file by its first bytes; its name is asked only where they leave it open."""

import re
from dataclasses import dataclass
from statistics import median

import orjson

from pipeline import storage
from pipeline.init.places import suffix_of
from pipeline.sources.stream import ByteStream
from pipeline.text.decode import decode

_HEAD = 1 << 18
_MAX_EXPANSION = 1_000
_LARGE_TEXT = 200_000  # bytes; a text of more is rather a list of lines than a document
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_NOT_READ = {
    b"PK\x03\x04": "a zip archive or an office document: unpack it, or save it as text",
    b"BZh": "bzip2: unpack it, or pack it with gzip or zstd",
    b"\xfd7zXZ": "xz: unpack it, or pack it with gzip or zstd",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
    b"Rar!": "a rar archive: unpack it",
    b"%PDF": "PDF: take its text out first",
    b"\xd0\xcf\x11\xe0": "a document of an office program (HWP, DOC, XLS): save it as text or CSV",
    b"ARROW1": "Arrow: write it as Parquet",
    b"SQLite": "a database: write its table as CSV or JSON lines",
}
_CODE = re.compile(
    r"\.(bat|cc?|cfg|conf|cpp|cs|css|go|h|hpp|ini|ipynb|java|jsx?|kt|less|lock|lua|php|pl|ps1|py|rb|rs"
    r"|scala|scss|sh|sql|svg|swift|toml|tsx?|vue|ya?ml)"
)
_HTML = re.compile(r"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)\b", re.IGNORECASE | re.S)
_XHTML = re.compile(r"\s*<\?xml[^>]*>\s*<(!doctype html|html)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Kind:
    """What a file is; one without a format cannot be read, and `why` says what to do."""

    format: str = ""
    encoding: str = ""
    packed: str = ""
    why: str = ""
    markup: str | None = None


def sniff(uri: str) -> Kind:
    """Look at the first 256 kB of a file, once unpacked."""
    with storage.open_read(uri) as file:
        first = file.read(8)
    packed = next((name for magic, name in _PACKED.items() if first.startswith(magic)), "")
    if not first:
        return Kind(why="empty")
    for magic, why in _NOT_READ.items():
        if first.startswith(magic):
            return Kind(why=why)
    stream = ByteStream(uri, _MAX_EXPANSION)
    head = stream.head(_HEAD)
    if head.startswith(b"PAR1"):
        return Kind("parquet", "utf-8", "")
    if head.startswith(b"WARC/"):
        is_text = b"\nWARC-Type: conversion" in head and b"\nWARC-Type: response" not in head
        return Kind("warc", "", packed, markup="none" if is_text else None)
    if not head.strip():
        return Kind(why=f"damaged ({stream.fault})" if stream.fault else "empty")
    if b"ustar" in head[257:265]:
        return Kind(why="a tar archive: unpack it")
    whole = head if len(head) < _HEAD else head[: head.rfind(b"\n") + 1] or head
    decoded = decode(whole)
    wide = decoded.encoding.startswith(("utf-16", "utf-32"))
    if ("\0" in decoded.text and not wide) or decoded.replaced * 20 > len(decoded.text):
        return Kind(why="neither text nor a format that can be read")
    found, why = _of_text(decoded.text, suffix_of(uri).lower(), len(head) < _HEAD)
    return Kind(found, decoded.encoding, packed, why)


def _of_text(text: str, suffix: str, is_whole: bool) -> tuple[str, str]:
    """(format, "") or ("", why the text cannot be read)."""
    if _HTML.match(text) or _XHTML.match(text):
        return "html", ""
    if text.lstrip().startswith(("<?xml", "<mediawiki")):
        return "", "XML: write its texts as JSON lines"
    if _CODE.fullmatch(suffix):
        return "", "program code or settings"
    lines = [line for line in text.splitlines() if line.strip()]
    opening = text.lstrip()[:1]
    if opening in ("{", "["):
        if opening == "{" and _is_object(lines[0]) and (lines[1:] or "jsonl" in suffix):
            return "jsonl", ""
        if opening == "{" and suffix.startswith((".jsonl", ".ndjson")):
            return "jsonl", ""
        if re.match(r"\s*[\[{]\s*([\[{\"\]}]|-?\d)", text):
            return "json", ""
    for separator, name in (("\t", "tsv"), (",", "csv")):
        if suffix.startswith((".csv", ".tsv", ".tab")) or separator == "\t":
            columns = _columns(lines, separator, strictly=not suffix.startswith(f".{name}"))
            if columns:
                if _is_header(columns):
                    return name, ""
                return "", "a table whose first row names no columns: put one there that does"
    if suffix.startswith((".csv", ".tsv")):
        return ("csv" if suffix.startswith(".csv") else "tsv"), ""
    return ("lines" if _is_list(text, lines, is_whole) else "text"), ""


def _is_object(line: str) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _columns(lines: list[str], separator: str, strictly: bool) -> list[str]:
    """The cells of the first line, where most lines have as many; none where it is no table."""
    counts = [line.count(separator) for line in lines[:200]]
    first = counts[0]
    alike = sum(count == first for count in counts) / len(counts)
    if not first or alike < (0.95 if strictly else 0.5) or (strictly and len(counts) < 2):
        return []
    return [cell.strip().strip('"') for cell in lines[0].split(separator)]


def _is_header(cells: list[str]) -> bool:
    return len(set(cells)) == len(cells) and all(
        cell and len(cell) < 40 and not re.fullmatch(r"[\d.,:-]+", cell) for cell in cells
    )


def _is_list(text: str, lines: list[str], is_whole: bool) -> bool:
    """Whether each line is a text of its own: very many lines, not set apart by blank ones."""
    blank = sum(not line.strip() for line in text.splitlines())
    is_long = not is_whole or len(text.encode()) > _LARGE_TEXT
    return is_long and blank < 0.02 * len(lines) and median(map(len, lines)) < 400
