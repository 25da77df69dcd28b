"""Korean text with known truth: base documents from a grammar, mess planted among documents, and
the score of a run against what was planted. For the demonstration and for tests.
"""

from pipeline.synthetic.corpus import write_corpus
from pipeline.synthetic.grammar import generate_documents
from pipeline.synthetic.plant import Shares, plant
from pipeline.synthetic.score import score

__all__ = ["Shares", "generate_documents", "plant", "score", "write_corpus"]
