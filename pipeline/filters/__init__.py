"""Which documents are kept: `rules` (the model of a rule, `judge`), `profiles` (the shipped sets of
rules), `models` (the user's own classifiers) and `spam.txt` (the lexicon behind spam_share).
Features come from `kernels.features`.
"""
