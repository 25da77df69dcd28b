"""The Beam graphs, and the runners they go to."""

RUNNERS = ("local", "flink", "prism", "spark", "dataflow")
"""Names for `--runner`; `runners.RUNNERS` has what stands behind them."""
