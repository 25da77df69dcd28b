"""Every source of recipes/polyglot-ko.yaml, read from a small file in its published form."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.recipe import Recipe, load
from pipeline.settings import Source
from pipeline.sources.read import read_unit
from pipeline.sources.units import plan_units

RECIPE = Path(__file__).parents[2] / "recipes" / "polyglot-ko.yaml"


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=4).encode()


def as_lines(*rows: dict[str, Any]) -> bytes:
    return gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())


def modu(prefix: str, inner: str, *forms: str, **metadata: str) -> bytes:
    """A file of Modu: what stands around the forms is in each of its corpora."""
    parts = [
        {
            "id": f"{prefix}.1.{n}",
            "form": form,
            "original_form": form,
            "speaker_id": "P1",
            "time": "20190924 12:00",
        }
        for n, form in enumerate(forms, 1)
    ]
    document = {
        "id": f"{prefix}.1",
        "metadata": {"title": "제목", "author": "", "date": "20180102", **metadata},
        inner: parts,
    }
    metadata = {"title": "국립국어원 말뭉치", "creator": "국립국어원", "year": "2019"}
    return as_json({"id": prefix, "metadata": metadata, "document": [document]})


SENSES = [{"definition": "가족 수에 따라 주는 수당.", "sense_code": 1}, {"definition": "둘째 뜻."}]
WORD = {
    "target_code": 518401,
    "word_info": {
        "word": "가족^수당",
        "word_type": "한자어",
        "original_language_info": [{"original_language": "家族手當", "language_type": "한자"}],
        "pos_info": [{"pos": "품사 없음", "comm_pattern_info": [{"sense_info": SENSES}]}],
    },
}
SQUAD = {
    "creator": "MINDs Lab.",
    "version": "v1.0",
    "data": [
        {
            "title": "기사",
            "paragraphs": [
                {
                    "context": "첫 지문이다.",
                    "qas": [{"id": "1", "question": "무엇?", "answers": []}],
                },
                {"context": "둘째 지문이다.", "qas": []},
            ],
        }
    ],
}
NEWS = "NIKL_NEWSPAPER/NIKL_NEWSPAPER_v2.0"
FILES: dict[str, tuple[str, bytes, list[tuple[str | None, str]]]] = {
    "blogs": (
        "blogs/2021/a.jsonl.gz",
        as_lines(
            {"id": "b1", "title": "봄", "text": "꽃이 핀다."}, {"id": "b2", "text": "비가 온다."}
        ),
        [("b1", "봄\n꽃이 핀다."), ("b2", "비가 온다.")],
    ),
    "news": (
        "news/a.jsonl.gz",
        as_lines({"id": 3, "title": "제목", "text": "기사이다.", "press": "신문"}),
        [("3", "제목\n기사이다.")],
    ),
    "modu-newspaper": (
        f"{NEWS}/NPRW1900000010.json",
        modu("NPRW1900000010", "paragraph", "제목", "첫 문단.", publisher="신문사", topic="생활"),
        [("NPRW1900000010.1", "제목\n첫 문단.")],
    ),
    "modu-written": (
        "NIKL_WRITTEN/WARW1800000001.json",
        modu("WARW1800000001", "paragraph", "책의 글이다."),
        [("WARW1800000001.1", "책의 글이다.")],
    ),
    "modu-web": (
        "NIKL_WEB/EBRW1908000001.json",
        modu("EBRW1908000001", "paragraph", "누리집 글이다.", url="http://x.kr"),
        [("EBRW1908000001.1", "누리집 글이다.")],
    ),
    "modu-spoken": (
        "NIKL_SPOKEN/SARW1800000001.json",
        modu("SARW1800000001", "utterance", "안녕하십니까?", "네."),
        [("SARW1800000001.1", "안녕하십니까?\n네.")],
    ),
    "modu-messenger": (
        "NIKL_MESSENGER/MDRW1900000002.json",
        modu("MDRW1900000002", "utterance", "머해ㅋㅋ", "밥 먹어"),
        [("MDRW1900000002.1", "머해ㅋㅋ\n밥 먹어")],
    ),
    "patents": (
        "patents/a.jsonl.gz",
        as_lines(
            {"id": "10-1", "title": "장치", "abstract": "요약.", "claims": ["청구항 1.", "2."]}
        ),
        [("10-1", "장치\n요약.\n청구항 1.\n2.")],
    ),
    "questions": (
        "questions/a.jsonl.gz",
        as_lines(
            {
                "title": "물음",
                "question": "왜요?",
                "answers": [{"text": "그냥."}, {"text": "몰라."}],
            }
        ),
        [(None, "물음\n왜요?\n그냥.\n몰라.")],
    ),
    "kcbert": (
        "kcbert/20190101_20200611_v2.txt",
        "우리에게 북한은 꼭 필요한 존재다..\n\n둘째 댓글ㅋㅋ\n".encode(),
        [(None, "우리에게 북한은 꼭 필요한 존재다.."), (None, "둘째 댓글ㅋㅋ")],
    ),
    "fiction": (
        "fiction/a.jsonl.gz",
        as_lines({"id": "f", "title": "소설", "text": "옛날에.", "author": "아무개"}),
        [("f", "소설\n옛날에.")],
    ),
    "comments": (
        "comments/a.jsonl.gz",
        as_lines({"id": "c", "text": "좋아요"}),
        [("c", "좋아요")],
    ),
    "wikipedia": (
        "kowiki/AA/wiki_00",
        b'{"id": "5", "revid": "641228", "url": "https://ko.wikipedia.org/wiki?curid=5", '
        + '"title": "지미 카터", "text": "제임스 얼 카터는 정치인이다."}\n'.encode(),
        [("5", "제임스 얼 카터는 정치인이다.")],
    ),
    "clovacall": (
        "ClovaCall/train_ClovaCall.json",
        json.dumps([{"wav": "41_0.wav", "text": "예약하려고요", "speaker_id": "0"}]).encode(),
        [("41_0.wav", "예약하려고요")],
    ),
    "nsmc": (
        "nsmc/ratings.txt",
        'id\tdocument\tlabel\n8112052\t어릴때 보고 "지금"다시\t1\n8132799\t\t0\n'.encode(),
        [("8112052", '어릴때 보고 "지금"다시')],
    ),
    "hate-speech": (
        "korean-hate-speech/labeled/train.tsv",
        "comments\tcontain_gender_bias\tbias\thate\n믿고본다.\tFalse\tnone\tnone\n".encode(),
        [(None, "믿고본다.")],
    ),
    "hate-speech-unlabelled": (
        "korean-hate-speech/unlabeled/unlabeled_comments_1.txt",
        "첫 댓글\n둘째 댓글\n".encode(),
        [(None, "첫 댓글"), (None, "둘째 댓글")],
    ),
    "subtitles": (
        "OpenSubtitles/ko.txt.gz",
        gzip.compress("- 어디 가?\n집에 간다.\n".encode()),
        [(None, "- 어디 가?"), (None, "집에 간다.")],
    ),
    "aihub-reading": (
        "aihub/ko_nia_normal_squad_all.json",
        as_json(SQUAD),
        [(None, "첫 지문이다."), (None, "둘째 지문이다.")],
    ),
    "dictionary": (
        "stdict/1_1000.json",
        as_json({"channel": {"total": 1, "title": "표준국어대사전", "item": [WORD]}}),
        [("518401", "가족^수당\n가족 수에 따라 주는 수당.\n둘째 뜻.")],
    ),
}


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Recipe]:
    monkeypatch.setenv("MALMOI_CORPUS", str(tmp_path))
    return lambda: load(RECIPE)


def read(source: Source, recipe: Recipe) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    units = plan_units([source], "", recipe.clean.unit_bytes)
    reads = [each for unit in units for each in read_unit(unit, source, recipe.clean)]
    documents = [row for each in reads for row in each.documents.to_pylist()]
    return documents, [row for each in reads for row in each.failed]


def test_there_is_a_file_of_every_source(recipe: Callable[[], Recipe]) -> None:
    assert list(FILES) == [source.name for source in recipe().sources]


@pytest.mark.parametrize("name", FILES)
def test_a_source_is_read(name: str, tmp_path: Path, recipe: Callable[[], Recipe]) -> None:
    place, content, expected = FILES[name]
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_bytes(content)
    loaded = recipe()
    documents, failed = read(loaded.source(name), loaded)
    assert [(row["id"], row["text"]) for row in documents] == expected
    assert [row["rule"] for row in failed] == (["empty_text"] if name == "nsmc" else [])


def test_dates_urls_and_meta_are_found(tmp_path: Path, recipe: Callable[[], Recipe]) -> None:
    for place, content, _ in FILES.values():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(content)
    loaded = recipe()
    first = {source.name: read(source, loaded)[0][0] for source in loaded.sources}
    assert {name for name, row in first.items() if row["date"] == "20180102"} == {
        name for name in FILES if name.startswith("modu-")
    }
    assert first["modu-web"]["url"] == "http://x.kr"
    assert first["wikipedia"]["url"] == "https://ko.wikipedia.org/wiki?curid=5"
    assert json.loads(first["modu-newspaper"]["meta"]) == {
        "metadata.title": "제목",
        "metadata.publisher": "신문사",
    }
    assert json.loads(first["wikipedia"]["meta"])["title"] == "지미 카터"
