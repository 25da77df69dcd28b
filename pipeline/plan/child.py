"""The process that does the steps of a trial, before Beam is imported in it."""

import logging

from tokenizer.pool import end_with_parent


def begin() -> None:
    """End with the command; and let nothing that Beam's import logs reach the terminal."""
    logging.getLogger().addHandler(logging.NullHandler())
    end_with_parent()
