"""An explanation as people read it, on standard output."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from pipeline import console

EDITS_OF_A_RULE = 2
PASSAGES = 8
VALUES = 8
"""So many edits of a rule, passages of a difference, and personal values are printed; `--json` has
more."""
_SIGNS = {True: "removes", False: "would remove"}


def print_explanation(told: Mapping[str, Any]) -> None:
    """Print what `document.explain_id` or `explain_text` gives."""
    documents = told["documents"]
    if told["matches"] > 1:
        more = f", the first {len(documents)} are" if told["matches"] > len(documents) else ""
        _say(f"{told['matches']:,} documents have the id {told['id']}{more}; --source chooses\n")
    for document in documents:
        for line in _lines(document):
            _say(line)
        _say("")


def _say(line: str | Text) -> None:
    console.stdout.print(line, markup=False, emoji=False, soft_wrap=True)


def _lines(document: Mapping[str, Any]) -> Iterator[str | Text]:
    yield Text(f"{document['id'] or 'a text'}, source {document['source']}", style="bold")
    yield _verdict(document)
    sections = (
        ("read", _read),
        ("edits", _edits),
        ("rules", _rules),
        ("models", _models),
        ("benchmarks", _benchmarks),
        ("personal", _personal),
        ("copies", _copies),
        ("lines", _boilerplate),
        ("tokens", _tokens),
    )
    for name, tell in sections:
        section = document.get(name)
        if section is not None:
            yield Text(f"\n{name}", style="bold")
            if isinstance(section, Mapping) and section.get("note"):
                yield f"  {section['note']}"
            yield from tell(section)
    if "text" in document:
        yield Text("\ntext", style="bold")
        yield f"  {_one_line(document['text'])}"


def _verdict(document: Mapping[str, Any]) -> str:
    where = f"; {document['file']} row {document['row']}" if document["file"] else ""
    if document["kept"]:
        return f"kept{where}"
    by = f"removed by {document['step']}/{document['rule']}"
    value, threshold = document["value"], document["threshold"]
    if value is not None:
        by += f": {_number(value)}"
        by += f" against {_number(threshold)}" if threshold is not None else ""
    return by + where


def _read(read: Mapping[str, Any]) -> Iterator[str]:
    size = f"{read['chars']:,} characters, {read['bytes']:,} bytes" if read["again"] else ""
    unit = f"unit {read['unit']}" if read["unit"] else ""
    rule = f"not a document: {read['rule']}" if read["rule"] else ""
    if said := ", ".join(filter(None, (read["place"], unit, size, rule))):
        yield f"  {said}"


def _edits(edits: Mapping[str, Any]) -> Iterator[str]:
    if "count" not in edits:
        return
    by_rule = ", ".join(f"{rule} {count:,}" for rule, count in edits["by_rule"].items())
    yield f"  {edits['count']:,}{': ' if by_rule else ''}{by_rule}"
    seen: dict[str, int] = {}
    for row in edits["shown"]:
        seen[row["rule"]] = seen.get(row["rule"], 0) + 1
        if seen[row["rule"]] <= EDITS_OF_A_RULE:
            sides = (f"'{_one_line(row[side])}'" for side in ("before", "after"))
            place = f"{row['start']}:{row['end']}"
            yield f"    {row['stage']}/{row['rule']} {place}  {' -> '.join(sides)}"


def _rules(rules: Mapping[str, Any]) -> Iterator[str | Text]:
    if "rows" not in rules:
        return
    yield f"  profile {rules['profile']}; features of {rules['features_of']}"
    width = max((len(row["rule"]) for row in rules["rows"]), default=0)
    for row in rules["rows"]:
        asked = _asked(row) + (f" and {_asked(row['also'])}" if "also" in row else "")
        verdict = _SIGNS[row["decided"]] if row["fires"] else ""
        line = f"  {row['rule']:<{width}}  {verdict or 'passes':<12}  {asked}"
        yield Text(line, style="bold" if row["decided"] else "dim" if not row["fires"] else "")


def _asked(row: Mapping[str, Any]) -> str:
    """`url_share 0.71 > 0.6, by 0.11`: the value, and how it stands to the threshold."""
    sign = row["drop_if"] if row["holds"] else {"<": ">=", ">": "<="}[row["drop_if"]]
    return (
        f"{row['feature']} {_number(row['value'])} {sign} {_number(row['threshold'])}"
        f", by {_number(abs(row['margin']))}"
    )


def _models(models: Any) -> Iterator[str]:
    for row in models if isinstance(models, list) else ():
        sign = row["drop_if"] if row["decided"] else {"<": ">=", ">": "<="}[row["drop_if"]]
        asked = f"{_number(row['value'])} {sign} {_number(row['threshold'])}"
        yield f"  {row['model']} ({row['kind']})  {asked}{', removes' if row['decided'] else ''}"


def _benchmarks(found: Mapping[str, Any]) -> Iterator[str]:
    if "items" not in found:
        return
    done = "removes" if found["removed"] else "cuts" if found["cut"] else "nothing to remove"
    yield f"  {found['items_found']:,} items found; {done}"
    for row in found["items"]:
        asked = f"{_number(row['overlap'])} >= {_number(row['threshold'])}"
        also = f", the same as {', '.join(row['equal'])}" if row["equal"] else ""
        yield f"  {row['item']} ({row['part']})  overlap {asked}{also}"
        for passage in row["passages"][:PASSAGES]:
            yield f"    {passage['start']}:{passage['end']}  {_one_line(passage['text'])}"
    if found["cut"]:
        yield "  cut out:"
        yield from _passages(found["cut"])


def _personal(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["masked"]:
        yield "  the recipe masks nothing; here values are masked all the same"
        return
    by_kind = ", ".join(f"{kind} {count:,}" for kind, count in found["by_kind"].items())
    yield f"  {by_kind or 'no values'}"
    for row in found["shown"][:VALUES]:
        yield f"    {row['kind']:<9} {_one_line(row['around'])}"


def _copies(found: Mapping[str, Any]) -> Iterator[str]:
    if "decision" not in found:
        return
    if found["decision"] == "kept":
        size = found["cluster_size"]
        alone = "  kept: it is a copy of nothing, and nothing of it"
        yield alone if size == 1 else f"  kept for {size:,} documents, itself among them"
        for member in found.get("members", ()):
            alike = f"{member['rule']} {member['similarity']:.3f}"
            yield f"    {member['id']} ({member['source']})  {alike}"
        if (rest := size - 1 - len(found.get("members", ()))) > 0:
            yield f"    and {rest:,} more"
        return
    what = "share held by" if found["decision"] == "contained" else "similarity to"
    limit = "" if found["decision"] == "exact_duplicate" else f" >= {found['threshold']:g}"
    yield f"  {found['decision']}: {what} {found['witness']} is {found['similarity']:.4f}{limit}"
    if "measured" in found:
        run = f", of the earlier run {found['witness_run']}" if found["witness_run"] else ""
        yield f"  the witness is of source {found['witness_source']}{run}"
        measured = found["measured"]
        yield (
            f"  by letters and digits {measured['letters']:.4f}, as written "
            f"{measured['written']:.4f}, share held {measured['held']:.4f}"
        )
        if not found["differences"]["count"]:
            yield "  no eojeol differs; at most white space does"
        yield from _passages(found["differences"], "document", "witness")


def _passages(
    found: Mapping[str, Any], left: str = "before", right: str = "after"
) -> Iterator[str]:
    for row in found["passages"][:PASSAGES]:
        yield f"    … {row['before']} [ {row['left']} | {row['right']} ] {row['after']} …"
    if (more := found["count"] - len(found["passages"][:PASSAGES])) > 0:
        yield f"    and {more:,} more"
    if found["count"]:
        yield f"    [ {left} | {right} ]"


def _boilerplate(lines: Any) -> Iterator[str]:
    if not lines:
        yield "  no boilerplate line was taken out"
    for row in lines:
        yield f"  line {row['line']}, in {row['documents']:,} documents: {_one_line(row['text'])}"


def _tokens(tokens: Mapping[str, Any]) -> Iterator[str]:
    if "tokens" in tokens:
        yield (
            f"  split {tokens['split']}; {tokens['tokens']:,} tokens, "
            f"{tokens['bytes_per_token']:.2f} bytes per token"
        )
        yield f"  {' '.join(tokens['pieces'])}"


def _one_line(text: str) -> str:
    return text.replace("\n", "⏎").replace("\t", "⇥")


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:.4g}"
