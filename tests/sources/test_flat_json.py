"""The kernel of JSON lines says of every line what the general reader says, or leaves it to it."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import storage
from pipeline.settings import Clean, FieldNames, Source
from pipeline.sources.flat_json import FlatJson
from pipeline.sources.lines import LineBlock
from pipeline.sources.read import read_unit
from pipeline.sources.units import WorkUnit
from pipeline.sources.utf8_check import is_utf8

KEYS = st.sampled_from(["text", "id", "url", "date", "meta", "tex", "texts", "가", "te\\xt", '"'])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**22), 10**22)
    | st.floats()
    | st.text(st.characters() | st.sampled_from('\\"\n\t\u3000 \u2028\x00/')),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
ODD = [
    b"",
    b" \t",
    b"{}",
    b"[]",
    b"nul",
    b"1,2",
    b'{"text":"a"',
    b'"x":1}',
    b'{"text":"a"},{"text":"b"}',
    b'{"text":"a"} x',
    b'{"text":"a",}',
    b'{"text" "a"}',
    b'{"text":"a" "id":1}',
    b'{,"text":"a"}',
    b'{"text":"\\u12"}',
    b'{"text":"\\ud800x"}',
    b'{"text":"\\ud83d\\ude00"}',
    b'{"text":"\\x41"}',
    b'{"text":"a","n":01}',
    b'{"text":"a","n":-}',
    b'{"text":"a","n":1.}',
    b'{"text":"a","n":1e}',
    b'{"text":"a","n":.5}',
    b'{"text":"a","n":+1}',
    b'{"text":"a","n":NaN}',
    b'{"text":"a","n":tru}',
    b'{"text":"a","n":truex}',
    b'{"text":"a","n":[1,]}',
    b'{"text":"a","n":{"b"}}',
    b'{"text":"a","n":[}',
    b'{"text":"a","n":[1}}',
    b'{"text":"a","n":{"b":1]}',
    b'{"text":"a","id":007}',
    b'{"text":"a","id":1e2}',
    b'{"text":"a","id":-0}',
    b'{"text":"a","id":123456789012345678901}',
    b'{"text":"a","id":[1],"url":{"a":[{}]},"date":null}',
    b'{"text":"a","text":"b","id":1,"id":""}',
    b'{"text":"b","text":7}',
    b'{"t\\u0065xt":"escaped key"}',
    b'{"text":"\xff"}',
    b'{"text":"\xed\xa0\x80"}',
    b'{"text":"tab\there"}',
    b'{"text":"a\x00"}',
    b'{"text":"a"}\x00',
    b'\x0b{"text":"a"}',
    b'{"text":"a"}\x0c',
    b'{"text":"\xe3\x80\x80\\u00a0\xc2\x85"}',
    b'{"text":"a","id":true,"url":false}',
    b"\xef\xbb\xbf{}",
    b'{"text":"a","d":' + b"[" * 61 + b"]" * 61 + b"}",
    b'{"text":"a","d":' + b"[" * 60 + b"]" * 60 + b"}",
    b'{"text":"a","n":' + b"1" * 5_000 + b"}",
    b'{"text":"' + b" " * 70 + b'a"}',
    b'{"text":"\xe3\x84\xb1"}',
]


def read(data: bytes, meta: list[str]) -> tuple[list[Any], list[Any]]:
    with storage.write_atomic("mock://flat/a.jsonl") as file:
        file.write(data)
    source = Source(name="s", paths=["*"], fields=FieldNames(meta=meta))
    unit = WorkUnit(0, "s", tuple(storage.glob("mock://flat/*")))
    reads = list(read_unit(unit, source, Clean(max_document_bytes=3_000)))
    failed = [row for each in reads for row in each.failed]
    return [row for each in reads for row in each.documents.to_pylist()], failed


def same_both_ways(lines: list[bytes], end: bytes = b"\n") -> None:
    """With a meta field, which no line has, every line takes the general way."""
    data = end.join(lines)
    assert read(data, []) == read(data, ["no such field"])


@pytest.mark.parametrize("line", ODD)
def test_an_odd_line(line: bytes) -> None:
    same_both_ways([b'{"text": "before"}', line, b'{"text": "after", "id": 3}'])
    documents, _ = read(b'{"text": "before"}\n' + line + b'\n{"text": "after"}', [])
    assert [documents[0]["text"], documents[-1]["text"]] == ["before", "after"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.dictionaries(KEYS, VALUES, max_size=5) | VALUES, max_size=5),
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", "\t:  ")]),
    st.sampled_from([b"\n", b"\r\n"]),
)
def test_any_json(values: list[Any], ascii: bool, separators: tuple[str, str], end: bytes) -> None:
    dumped = [json.dumps(v, ensure_ascii=ascii, separators=separators) for v in values]
    same_both_ways([line.encode("utf-8", "surrogatepass") for line in dumped], end)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(ODD), min_size=1, max_size=4), st.data())
def test_lines_cut_and_mixed(lines: list[bytes], data: st.DataObject) -> None:
    whole = b"\n".join(lines)
    at = data.draw(st.integers(0, len(whole)))
    noise = data.draw(
        st.sampled_from([b"", b"\\", b'"', b"{", b"}", b",", b"\n", b"\xea", b"]", b"0"])
    )
    same_both_ways([whole[:at] + noise + whole[at + data.draw(st.integers(0, 2)) :]])


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from([*b"a\x80\xbf\xc0\xc2\xdf\xe0\x9f\xa0\xed\xf0\x8f\x90\xf4\xf5\xff"]))
)
def test_utf8_as_python_judges_it(tail: list[int]) -> None:
    raw = bytes(tail)
    try:
        raw.decode()
        valid = True
    except UnicodeDecodeError:
        valid = False
    assert is_utf8(raw) == is_utf8(b'{"a' + raw) == valid


def test_common_lines_take_the_fast_way() -> None:
    lines = [
        '{"id": "n-1", "text": "글이다.\\n\\"둘째\\" 줄 \\uac00", "url": "http://x", "date": "2"}',
        '{"text":"가","id":17,"tags":["a",{"b":[1.5e3,null,true]}]}',
        "",
        '{"text": "ㅋㅋ", "url": ""}\r',
    ]
    data = "\n".join(lines).encode()
    places = pa.array([f"f:{n}" for n in range(4)])
    flat = FlatJson(FieldNames(), 1_000)
    batch, taken, odd = flat.read(LineBlock(data, 1, 0, len(data), False), places, True)
    assert batch.to_pylist() == [
        {
            "id": "n-1",
            "text": '글이다.\n"둘째" 줄 가',
            "url": "http://x",
            "date": "2",
            "meta": None,
            "place": "f:0",
        },
        {"id": "17", "text": "가", "url": None, "date": None, "meta": None, "place": "f:1"},
        {"id": None, "text": "ㅋㅋ", "url": None, "date": None, "meta": None, "place": "f:3"},
    ]
    batch.validate(full=True)
    assert taken.tolist() == [0, 1, 3] and odd.tolist() == []
