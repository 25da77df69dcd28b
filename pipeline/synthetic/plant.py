"""Plants known mess among real documents, and says exactly what and where."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.synthetic import mess
from pipeline.synthetic.copies import MIN_SIMILARITY, near_copies
from pipeline.synthetic.values import KINDS, planted_sentence

Document = dict[str, Any]

_USABLE_CHARS = range(300, 30_000)
_MAX_COPIES = 3
_WORDS = 8
_WORD = re.compile("[가-힣]{2,}")
_SENTENCE_END = re.compile(r"(?<=[다요][.?!])\s")


@dataclass(frozen=True)
class Shares:
    """How many documents are planted, as shares of the base documents; at least one of each."""

    pii: float = 0.05  # documents that get one to three values
    near: float = 0.05  # originals that get one to three near copies
    exact: float = 0.03  # originals that get one to three exact copies
    spam: float = 0.02
    menus: float = 0.02
    mojibake: float = 0.01  # base documents taken over, as are the four below
    riddled: float = 0.01
    cp949: float = 0.01
    html: float = 0.01
    bad_lines: float = 0.005


def plant(
    documents: Sequence[Document], seed: int, shares: Shares | None = None
) -> tuple[list[Document], dict[str, Any]]:
    """Base documents and planted mess in one shuffled corpus, and the truth about it.

    `documents` are {"id", "text"} with distinct ids. What comes back has `id`, `text` and `form`,
    how it is to be written: json, line (the text is the line itself), cp949 or html (a file each).

    The truth is JSON: `base`, ids of documents that nothing was done to; `pii`, [{id, kind,
    value}]; `near`, [{ids, similarities}], the original first; `exact`, [{ids}]; `spam`, `menus`
    and `riddled`, ids that must go; `mojibake`, `cp949` and `html`, [{id, words}], words that must
    be there again in the kept text; `bad_lines`, their number.

    Equal documents, seed and shares give equal output. Needs about 30 documents of 300 characters
    or more; of fewer it plants what it can.
    """
    return Planting(documents, seed, shares or Shares()).run()


class Planting:
    """One run of `plant`: each base document is used for one purpose at most."""

    def __init__(self, documents: Sequence[Document], seed: int, shares: Shares):
        self.rng = random.Random(f"plant/{seed}")
        self.shares = shares
        self.texts: dict[str, str] = {row["id"]: row["text"] for row in documents}
        usable = [name for name, text in self.texts.items() if len(text) in _USABLE_CHARS]
        self.rng.shuffle(usable)
        self.unused = iter(usable)
        self.out: list[Document] = []
        self.truth: dict[str, Any] = {
            "seed": seed,
            "shares": asdict(shares),
            "min_similarity": MIN_SIMILARITY,
        }

    def run(self) -> tuple[list[Document], dict[str, Any]]:
        values = self._pii()
        near, exact = self._near(), self._exact()
        taken = {
            "mojibake": self._taken("mojibake", "json", mess.mojibake),
            "cp949": self._taken("cp949", "cp949", str),
            "html": self._taken(
                "html", "html", lambda text: mess.html_page(text, text[:20].strip())
            ),
        }
        riddled = self._riddled()
        truth = {
            **self.truth,
            "pii": values,
            "near": near,
            "exact": exact,
            **taken,
            "riddled": riddled,
            "spam": self._pages("spam", mess.spam_page),
            "menus": self._pages("menus", mess.menu_page),
            "bad_lines": self._bad_lines(),
        }
        touched = {row["id"] for row in values} | {row["ids"][0] for row in near + exact}
        self.out += [
            {"id": name, "text": text, "form": "json"} for name, text in self.texts.items()
        ]
        truth["base"] = [name for name in self.texts if name not in touched]
        self.rng.shuffle(self.out)
        return self.out, truth

    def _count(self, share: float) -> int:
        return max(round(share * len(self.texts)), 1) if share > 0 else 0

    def _some(self, share: float) -> Iterator[str]:
        for _ in range(self._count(share)):
            name = next(self.unused, None)
            if name is None:
                return
            yield name

    def _pii(self) -> list[dict[str, str]]:
        values = []
        kinds = iter(KINDS)  # each kind once before any twice
        for name in self._some(self.shares.pii):
            for _ in range(self.rng.randint(1, 3)):
                kind = next(kinds, None) or self.rng.choice(KINDS)
                sentence, value = planted_sentence(kind, self.rng)
                self.texts[name] = self._inserted(self.texts[name], sentence)
                values.append({"id": name, "kind": kind, "value": value})
        return values

    def _inserted(self, text: str, sentence: str) -> str:
        places = [match.start() for match in _SENTENCE_END.finditer(text)] or [len(text)]
        at = self.rng.choice(places)
        return f"{text[:at]} {sentence}{text[at:]}"

    def _near(self) -> list[dict[str, Any]]:
        clusters = []
        for name in self._some(self.shares.near):
            copies = near_copies(self.texts[name], self.rng.randint(1, _MAX_COPIES), self.rng)
            if copies:
                ids = self._add_copies(name, "near", [text for text, _ in copies])
                similarities = [round(similarity, 4) for _, similarity in copies]
                clusters.append({"ids": [name, *ids], "similarities": similarities})
        return clusters

    def _exact(self) -> list[dict[str, Any]]:
        clusters = []
        for name in self._some(self.shares.exact):
            copies = [self.texts[name]] * self.rng.randint(1, _MAX_COPIES)
            clusters.append({"ids": [name, *self._add_copies(name, "exact", copies)]})
        return clusters

    def _add_copies(self, name: str, kind: str, texts: list[str]) -> list[str]:
        ids = [f"{name}~{kind}{number}" for number in range(1, len(texts) + 1)]
        for identity, text in zip(ids, texts, strict=True):
            self.out.append({"id": identity, "text": text, "form": "json"})
        return ids

    def _taken(self, purpose: str, form: str, change: Any) -> list[dict[str, Any]]:
        """Base documents that are written in another way and must come back readable."""
        rows = []
        for name in self._some(getattr(self.shares, purpose)):
            text = self.texts[name]
            if form == "cp949":
                text = text.encode("cp949", "ignore").decode("cp949")
            found = sorted(set(_WORD.findall(text)))
            if len(found) < _WORDS:
                continue  # not Korean enough to tell
            words = self.rng.sample(found, _WORDS)
            del self.texts[name]
            self.out.append({"id": name, "text": change(text), "form": form})
            rows.append({"id": name, "words": words})
        return rows

    def _riddled(self) -> list[str]:
        names = list(self._some(self.shares.riddled))
        for name in names:
            text = mess.riddled(self.texts.pop(name), self.rng)
            self.out.append({"id": name, "text": text, "form": "json"})
        return names

    def _pages(self, purpose: str, page: Any) -> list[str]:
        ids = [f"{purpose}-{n:05d}" for n in range(self._count(getattr(self.shares, purpose)))]
        self.out += [{"id": name, "text": page(self.rng), "form": "json"} for name in ids]
        return ids

    def _bad_lines(self) -> int:
        names = list(self.texts)
        count = self._count(self.shares.bad_lines) if names else 0
        for _ in range(count):
            line = mess.bad_line(self.texts[self.rng.choice(names)], self.rng)
            self.out.append({"id": None, "text": line, "form": "line"})
        return count
