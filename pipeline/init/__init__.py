"""`malmoi init PATHS`: what lies there, as a recipe that reads it.

Files are grouped into sources (`places`), told by their first bytes (`sniff`), and some of their
records are read (`records`, `keys`, `profiles`); `write` says what was seen. No text of a file is
in the recipe, nor a name that is somebody's address or number.
"""
