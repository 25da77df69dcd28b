"""The one exception family. It lives in the lowest package, which every other may import."""


class MalmoiError(Exception):
    """A failure with a known cause: the message says what, where and what to do about it."""


class RecipeError(MalmoiError):
    """The recipe cannot be run as written; raised before anything starts."""


class CorruptFileError(MalmoiError):
    """A file written by an earlier step is truncated, changed or of another format."""
