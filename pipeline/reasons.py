"""Why rows of a batch are removed: one reason a row, the first that was given."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.filters.rules import Verdict

Rows = npt.NDArray[np.int64]


class Reasons:
    """A rule, its value and threshold and a witness for each removed one of `n` rows."""

    def __init__(self, n: int):
        self._names: list[str] = []
        self._rule = np.full(n, -1, np.int32)
        self._value = np.full(n, np.nan)
        self._threshold = np.full(n, np.nan)
        self._witness: dict[int, str] = {}

    @property
    def is_kept(self) -> npt.NDArray[np.bool_]:
        """bool[n]: the rows without a reason."""
        return self._rule < 0

    @property
    def kept(self) -> Rows:
        """int64: the rows without a reason, ascending."""
        return np.flatnonzero(self._rule < 0)

    @property
    def removed(self) -> Rows:
        """int64: the rows with a reason, ascending."""
        return np.flatnonzero(self._rule >= 0)

    def give(
        self,
        rows: Sequence[int] | Rows,
        rule: str,
        value: npt.NDArray[np.float64] | float = np.nan,
        threshold: npt.NDArray[np.float64] | float = np.nan,
        witness: Sequence[str] | None = None,
    ) -> None:
        """Remove `rows` for `rule`, but for those that have a reason already."""
        rows = np.asarray(rows, np.int64)
        new = self._rule[rows] < 0
        if witness is not None:
            for row, name in zip(rows[new].tolist(), np.flatnonzero(new).tolist(), strict=True):
                self._witness[row] = witness[name]
        self._rule[rows[new]] = self._number(rule)
        self._value[rows[new]] = np.broadcast_to(value, len(rows))[new]
        self._threshold[rows[new]] = np.broadcast_to(threshold, len(rows))[new]

    def judged(self, verdict: Verdict, rules: Sequence[str]) -> None:
        """Take over what `filters.rules.judge` found; `rules` are its names in order."""
        for index in np.unique(verdict.rule_index[verdict.rule_index >= 0]).tolist():
            rows = np.flatnonzero(verdict.rule_index == index)
            self.give(rows, rules[index], verdict.value[rows], verdict.threshold[rows])

    def columns(self) -> dict[str, pa.Array]:
        """The columns rule, value, threshold, duplicate_of of REMOVED for the rows `removed`."""
        rows = self.removed
        names = pa.array(self._names, pa.string())
        return {
            "rule": names.take(pa.array(self._rule[rows])),
            "value": pa.array(self._value[rows], from_pandas=True),
            "threshold": pa.array(self._threshold[rows], from_pandas=True),
            "duplicate_of": pa.array([self._witness.get(row) for row in rows.tolist()], pa.string())
            if self._witness
            else pa.nulls(len(rows), pa.string()),
        }

    def _number(self, rule: str) -> int:
        if rule not in self._names:
            self._names.append(rule)
        return self._names.index(rule)
