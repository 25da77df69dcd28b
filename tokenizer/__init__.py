"""From counts of eojeol to a vocabulary, and from text to token shards.

In the order of the flow: count, morphemes, train, check, export, build; then encode and shards.
"""
