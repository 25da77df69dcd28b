"""Near-duplicate removal: canonical form, signatures, buckets, verification, components, selection.

Pure functions of Arrow and packed NumPy arrays; `in_memory` shows the whole of it on one batch.
"""
