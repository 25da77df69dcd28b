"""Text comes in here: work units of files, and readers of JSON lines, plain text and HTML that give
batches of `documents.RAW` and a record for whatever is no document.
"""
