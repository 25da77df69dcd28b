"""The dataset card, RUN/README.md: beside `curated/`, as a dataset's folder is on Hugging Face."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import yaml

from pipeline import storage
from pipeline.cards.figures import data_figures, has_corpus
from pipeline.recipe import Recipe
from pipeline.report.formats import number, share, size
from pipeline.workspace import Workspace

CARD = "README.md"
FILES = "curated/*.parquet"

_CREATIVE_COMMONS = {
    "by": ("2.0", "2.5", "3.0", "4.0"),
    "by-sa": ("3.0", "4.0"),
    "by-nc": ("2.0", "3.0", "4.0"),
    "by-nd": ("4.0",),
    "by-nc-nd": ("3.0", "4.0"),
    "by-nc-sa": ("2.0", "3.0", "4.0"),
}
LICENCES = frozenset(
    [
        *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "unlicense", "wtfpl", "mpl-2.0"),
        *("gpl-2.0", "gpl-3.0", "lgpl-3.0", "agpl-3.0", "gfdl", "odbl", "pddl", "odc-by"),
        *("cc0-1.0", "etalab-2.0"),
        *(f"cc-{kind}-{v}" for kind, versions in _CREATIVE_COMMONS.items() for v in versions),
    ]
)
"""Those that front matter has a name for (Hugging Face Hub documentation, "Licenses")."""


def write_card(workspace: Workspace, recipe: Recipe, report: Mapping[str, Any]) -> None:
    """Write `RUN/README.md` of the figures of a report, once there is a corpus.

    A card that would be the same is not written again.
    """
    where = workspace.path(CARD)
    if not has_corpus(report):
        return
    card = render(data_figures(workspace, recipe, report)).encode()
    if not storage.exists(where) or storage.read_bytes(where) != card:
        with storage.write_atomic(where) as out:
            out.write(card)


def render(data: Mapping[str, Any]) -> str:
    """The card as Markdown, with Hugging Face's front matter, of what `data_figures` gives.

    Equal figures give equal text; there are no times and no paths in it.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number, "size": size, "share": share, "cell": cell}
    kept = data["funnel"][-1]["documents_out"] if data["funnel"] else 0
    front = yaml.dump(_front(data, kept), Dumper=_Dumper, allow_unicode=True, sort_keys=False)
    return environment.get_template("dataset.md.j2").render(
        front=front, data=data, kept=kept, files=FILES
    )


class _Dumper(yaml.SafeDumper):
    """YAML whose rarer line breaks (U+0085, U+2028, U+2029) are escaped: plain ones become blanks
    when they are read.
    """

    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = '"' if set(data) & set("\x85\u2028\u2029") else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style)


_Dumper.add_representer(str, _Dumper.represent_str)


def cell(value: object) -> str:
    """A value as it stands in a cell of a Markdown table: one line, nothing of it markup."""
    text = " ".join(str(value).split())
    for mark in "\\`*_[]<>|":
        text = text.replace(mark, f"\\{mark}")
    return text


def _front(data: Mapping[str, Any], kept: int) -> dict[str, Any]:
    licences = _licences(source["licence"] for source in data["sources"])
    return {
        "pretty_name": data["name"],
        "language": ["ko"],
        "license": licences,
        "size_categories": [size_category(kept)],
        "task_categories": ["text-generation"],
        "task_ids": ["language-modeling"],
        "tags": ["korean", "pretraining", "malmoi"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": FILES}]}],
    }


def _licences(given: Iterable[str | None]) -> list[str]:
    """Hugging Face's names of licences, sorted; `other` for one it has no name for, `unknown` for
    a source without one.
    """
    names = set()
    for licence in given:
        name = (licence or "unknown").strip().lower()
        names.add(name if name in LICENCES or name == "unknown" else "other")
    return sorted(names) or ["unknown"]


def size_category(documents: int) -> str:
    """Hugging Face's name for how many documents there are."""
    bounds = [f"{step}{unit}" for unit in "KMB" for step in (1, 10, 100)] + ["1T"]
    power = len(str(documents)) - 4  # of ten, over a thousand: the bound below
    if power < 0:
        return f"n<{bounds[0]}"
    if power >= len(bounds) - 1:
        return f"n>{bounds[-1]}"
    return f"{bounds[power]}<n<{bounds[power + 1]}"
