"""Which documents are kept: `rules` (the model of a rule, the shipped profiles, `judge`) and
`spam.txt` (the lexicon behind the feature spam_share). Features come from `kernels.features`.
"""
