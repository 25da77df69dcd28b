"""What two runs say of themselves, side by side: funnel, reasons, tokens, recipes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from pipeline.compare.documents import (
    GAINED,
    LOST,
    ONLY_A,
    ONLY_B,
    OTHERWISE,
    REWRITTEN,
    Joined,
    join,
)
from pipeline.compare.samples import samples
from pipeline.explain.run import Run
from pipeline.report.write import collect, token_rows

Rows = list[dict[str, Any]]

_COUNTED = ("documents_in", "documents_out", "bytes_in", "bytes_out")


def compare(a: Run, b: Run) -> dict[str, Any]:
    """All that the page and `--json` have; texts of samples are masked.

    Returns `a` and `b` ({run, name}), and rows in which `a` and `b` stand for the two runs:
        funnel: {step, source, a, b}, each {documents_in, documents_out, bytes_in, bytes_out} or
            None where the run has no such row.
        reasons: {step, rule, source, a, b}, documents removed.
        documents: figures by name; changes: {change, source, step, rule, documents}, of
            `other_rule` with `rule_a` too; samples: see `samples.samples`.
        tokens: {split, source, a, b}, each {documents, tokens, bytes, bytes_per_token} or None;
            None where not both runs have token shards.
        recipe: {key, a, b} of the settings that differ. notes: what is left out, and why.

    Raises MalmoiError where a run is not assembled.
    """
    for run in (a, b):
        run.require("assemble")
    joined = join(a, b)
    told = [collect(run.workspace, run.recipe) for run in (a, b)]
    tokens, notes = _tokens(a, b)
    return {
        "a": {"run": a.root, "name": a.recipe.name},
        "b": {"run": b.root, "name": b.recipe.name},
        "funnel": _beside(
            told[0]["funnel"],
            told[1]["funnel"],
            ("step", "source"),
            lambda row: {name: row[name] for name in _COUNTED},
        ),
        "reasons": _beside(
            told[0]["reasons"],
            told[1]["reasons"],
            ("step", "rule", "source"),
            lambda row: row["documents"],
            nothing=0,
        ),
        "documents": _totals(joined),
        "changes": list(_changes(joined)),
        "samples": samples(a, b, joined),
        "tokens": tokens,
        "recipe": recipe_differences(a.recipe.model_dump(), b.recipe.model_dump()),
        "notes": notes,
    }


def _beside(
    left: Iterable[Mapping[str, Any]],
    right: Iterable[Mapping[str, Any]],
    by: tuple[str, ...],
    value: Any,
    nothing: Any = None,
) -> Rows:
    """Rows of both sides joined by some of their columns, in the order of the first, then more."""
    sides = [
        {tuple(row[name] for name in by): value(row) for row in rows} for rows in (left, right)
    ]
    return [
        {
            **dict(zip(by, key, strict=True)),
            "a": sides[0].get(key, nothing),
            "b": sides[1].get(key, nothing),
        }
        for key in dict.fromkeys([*sides[0], *sides[1]])
    ]


def _tokens(a: Run, b: Run) -> tuple[Rows | None, list[str]]:
    missing = [run.root for run in (a, b) if "tokenize" not in run.manifests]
    if missing:
        which = " and ".join(dict.fromkeys(missing))
        return None, [f"tokens are left out: step 'tokenize' is not done in {which}"]
    names = ("documents", "tokens", "bytes", "bytes_per_token")
    left, right = (token_rows(run.manifests["tokenize"]) for run in (a, b))
    rows = _beside(left, right, ("split", "source"), lambda row: {one: row[one] for one in names})
    return rows, []


def _totals(joined: Joined) -> dict[str, Any]:
    """How many documents are kept in both runs, in one, in none, or in one run's input alone."""

    def total(a: bool | None, b: bool | None) -> int:
        """Documents that are kept (True), removed (False) or absent (None) in each run."""
        return sum(
            count
            for (_, one, other), count in joined.counts.items()
            if (None if one is None else one == 0, None if other is None else other == 0) == (a, b)
        )

    otherwise = sum(count for (_, a, b), count in joined.counts.items() if a and b and a != b)
    return {
        "kept_in_both": total(True, True),
        REWRITTEN: joined.rewritten.total(),
        LOST: total(True, False),
        GAINED: total(False, True),
        "removed_in_both": total(False, False),
        OTHERWISE: otherwise,
        ONLY_A: {"kept": total(True, None), "removed": total(False, None)},
        ONLY_B: {"kept": total(None, True), "removed": total(None, False)},
        "without_id": {"a": joined.without_id[0], "b": joined.without_id[1]},
        "repeated_ids": {"a": joined.repeated[0], "b": joined.repeated[1]},
    }


def _changes(joined: Joined) -> Iterator[dict[str, Any]]:
    """A row for each change, source and rule; the most documents first within a change."""
    rows: Rows = []
    for (source, a, b), count in joined.counts.items():
        change, state = _change(a, b)
        if change is None:
            continue
        step, rule = joined.names.states[state]
        row = {
            "change": change,
            "source": joined.names.sources[source],
            "step": step or None,
            "rule": rule or None,
            "documents": count,
        }
        if change == OTHERWISE:
            row["rule_a"] = "/".join(joined.names.states[a or 0])
        rows.append(row)
    for source, count in joined.rewritten.items():
        name = joined.names.sources[source]
        rows.append(
            {"change": REWRITTEN, "source": name, "step": None, "rule": None, "documents": count}
        )
    order = (LOST, GAINED, REWRITTEN, OTHERWISE, ONLY_A, ONLY_B)
    return iter(
        sorted(
            rows,
            key=lambda row: (
                order.index(row["change"]),
                -row["documents"],
                row["source"],
                row["step"] or "",
                row["rule"] or "",
                row.get("rule_a", ""),
            ),
        )
    )


def _change(a: int | None, b: int | None) -> tuple[str | None, int]:
    """What a pair of states is called, and the state whose rule tells of it."""
    if a is None or b is None:
        return (ONLY_B, b or 0) if a is None else (ONLY_A, a)
    if a == b:
        return None, 0
    if a == 0:
        return LOST, b
    return (GAINED, a) if b == 0 else (OTHERWISE, b)


def recipe_differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> Rows:
    """Rows {key, a, b} of the settings that differ: `clean.profiles.korean.links.threshold`.

    Items of a list that have names are told apart by them. What only one recipe has is one row,
    None in the other.
    """
    return list(_differences(a, b, ""))


def _differences(a: Any, b: Any, key: str) -> Iterator[dict[str, Any]]:
    left, right = _by_name(a), _by_name(b)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for name in dict.fromkeys([*left, *right]):
            below = f"{key}.{name}" if key else str(name)
            yield from _differences(left.get(name), right.get(name), below)
    elif a != b:
        yield {"key": key, "a": a, "b": b}


def _by_name(value: Any) -> Any:
    """A list of named things as a mapping of them."""
    if isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
        return {one.get("name", at): one for at, one in enumerate(value)}
    return value


def setting(value: Any) -> str:
    """A setting as a recipe has it, on one line; nothing of what is not there."""
    if value is None:
        return "–"
    flow = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=2**31
    )
    return str(flow).removesuffix("...\n").strip()
