"""What the scan in `pipeline.kernels.markup_scan` has to know of HTML, Markdown and Unicode."""

from pipeline.kernels.markup_decode import TOKEN_STARTS
from pipeline.kernels.markup_elements import (
    BREAK,
    CELL,
    INLINE,
    LAYOUT,
    LINE_BREAK,
    VOID,
    WORD_BREAK,
    element_table,
)
from pipeline.kernels.markup_inline import DOCTYPES, SCHEMES, SUFFIXES, WORDS
from pipeline.kernels.markup_scan import Tables
from pipeline.kernels.utf8 import KINDS
from pipeline.text import lines_tags as html

_TRAITS = {
    INLINE: html.INLINE,
    CELL: html.CELLS,
    VOID: html.VOID,
    LAYOUT: html.LAYOUT,
    BREAK: html.BREAKS,
    LINE_BREAK: {"br"},
    WORD_BREAK: {"wbr"},
}
ELEMENTS = element_table(
    {
        name: sum(trait for trait, names in _TRAITS.items() if name in names)
        for name in html.ELEMENTS
    }
)
TABLES = Tables(TOKEN_STARTS, KINDS, WORDS, SCHEMES, SUFFIXES, DOCTYPES, ELEMENTS)
