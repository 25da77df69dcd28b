"""The trainer: GPT-NeoX in plain PyTorch, from token shards to a Hugging Face export.

`train.py` is the loop and reads top to bottom; `config.py` is all a recipe may say about it (and
imports no torch). Imports neither Beam nor `pipeline`: the tokens directory is the whole interface.
"""
