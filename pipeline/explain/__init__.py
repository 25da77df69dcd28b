"""Why a document is where it is: every decision of a run on it, read from what the run stored.

`find` finds a document by its id, `raw` reads its source again, `stages` takes it through the clean
step, `clean`, `rules`, `copies`, `overlap` and `tokens` tell of a decision each, `document` of all;
`printed` writes them for people. `edits` is what `malmoi edits` prints; `shown` keeps personal
values out of all of it.
"""
