"""What a corpus will take before it is made: the steps done on a sample of it, and scaled.

`sample` takes the sample, `jobs.measured` does the steps on it, `measure` reads what they left;
`copies`, `words` and `extrapolate` are the model, `prices` and `cluster` money, `show` tables.
"""
