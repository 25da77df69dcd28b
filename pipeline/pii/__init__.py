"""Personal data in text: `fold` (a copy to match on), `candidates` (shapes), `validate` (dates,
check digits, plans), `context` (words around), `detect`, `mask` (tokens), `scrub` (JSON lines).
"""
