"""Receipts and manifests as they are read back: whole, or not at all.

A power cut, a full disk or a bad sector can leave one empty or garbled. It then counts as never
written, so that what it stands for is done again; nothing is taken from half of it.
"""

import logging
from typing import Any

import orjson

from pipeline import storage

logger = logging.getLogger(__name__)

_PARTS = {"key": str, "counts": dict, "files": dict, "facts": dict}
"""What both a receipt and a manifest have, and of which type."""


def read_record(where: str) -> dict[str, Any] | None:
    """A receipt or manifest; None where there is none, or (with a warning) none that is whole."""
    try:
        data = storage.read_bytes(where)
    except FileNotFoundError:
        return None
    try:
        record = orjson.loads(data)
        whole = all(isinstance(record[name], kind) for name, kind in _PARTS.items())
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        whole = False
    if not whole:
        logger.warning(
            "%s: not whole (%d bytes); what it stands for counts as not done", where, len(data)
        )
        return None
    return record
