"""Numba over Arrow buffers: UTF-8, the features of documents and their spam lexicon, and what
near-duplicate removal computes over text (canonical form, MinHash, Jaccard, components).
"""
