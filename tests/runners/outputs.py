"""What a run made, for comparison byte by byte."""

import hashlib
from pathlib import Path

DATA = ("clean", "signatures", "line_hashes", "drops", "curated", "removed")
REST = ("counts", "tokenizer", "tokens")


def outputs(run: Path) -> dict[str, str]:
    """SHA-256 of every file but manifests, receipts and what else holds seconds."""
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for directory in (*DATA, *REST)
        for path in sorted((run / directory).rglob("*"))
        if path.is_file() and path.suffix != ".json"
    }
