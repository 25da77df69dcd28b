"""Personal data in text.

`fold` (a copy to match on), `windows` (gates over a column, windows around hits), `candidates`
(shapes), `validate` (dates, check digits, plans), `context` (words around); one module for each
family of values; `detect`, `mask` (tokens), `scrub` (JSON lines).
"""
