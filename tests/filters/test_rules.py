import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from pipeline.filters.rules import SHIPPED, Rule, judge
from pipeline.kernels.feature_list import FEATURE_NAMES
from pipeline.kernels.features import measure

KOREAN, SHORT = SHIPPED["korean"], SHIPPED["short"]
LAW, LITERATURE, TECHNICAL = SHIPPED["law"], SHIPPED["literature"], SHIPPED["technical"]

PROSE = (
    "오늘은 아침부터 비가 내렸다. 우산을 챙겨 나온 사람들이 버스 정류장에 줄을 서 있었고, "
    "나는 그 뒤에 섰다. "
    "버스는 좀처럼 오지 않았다. 옆에 선 아이가 물웅덩이를 들여다보며 웃었다."
)


def reason(text: str, rules: dict[str, Rule] = KOREAN) -> str | None:
    index = int(judge(measure(pa.array([text])), rules).rule_index[0])
    return None if index < 0 else list(rules)[index]


def test_a_rule_names_a_feature() -> None:
    with pytest.raises(ValidationError, match="nearest name is 'hangul_share'"):
        Rule(feature="hangul_shar", drop_if="<", threshold=0.1)
    with pytest.raises(ValidationError):
        Rule(feature="hangul_share", drop_if="<", threshold=float("nan"))
    with pytest.raises(ValidationError):
        Rule.model_validate({"feature": "n_chars", "drop_if": "<=", "threshold": 1})


def test_the_first_rule_that_fires_decides() -> None:
    features = measure(pa.array(["", PROSE, "가" * 100, None, "abc " * 50]))
    rules = {
        "short": Rule(feature="n_chars", drop_if="<", threshold=5),
        "run": Rule(feature="longest_run_share", drop_if=">", threshold=0.5),
        "foreign": Rule(feature="hangul_share", drop_if="<", threshold=0.5),
        "also_foreign": Rule(feature="latin_share", drop_if=">", threshold=0.5),
    }
    verdict = judge(features, rules)
    assert verdict.rule_index.tolist() == [0, -1, 1, 0, 2]
    assert verdict.rule_index.dtype == np.int16
    assert verdict.value[2] == 1.0 and verdict.threshold[2] == 0.5
    assert np.isnan(verdict.value[1]) and np.isnan(verdict.threshold[1])


def test_the_threshold_itself_is_kept() -> None:
    features = measure(pa.array(["가나다라 12345" + "6"]))  # 0.6 of digits, not exact in binary
    assert (
        judge(features, {"r": Rule(feature="digit_share", drop_if=">", threshold=0.6)}).rule_index[
            0
        ]
        == -1
    )
    assert (
        judge(features, {"r": Rule(feature="digit_share", drop_if="<", threshold=0.6)}).rule_index[
            0
        ]
        == -1
    )


def test_no_rules_keep_everything_and_an_empty_batch_is_fine() -> None:
    assert judge(measure(pa.array(["", "x"])), {}).rule_index.tolist() == [-1, -1]
    assert len(judge(measure(pa.array([], pa.string())), KOREAN).rule_index) == 0


def test_a_unit_must_be_the_features_own() -> None:
    rule = Rule(feature="n_chars", drop_if="<", threshold=50, unit="characters")
    assert rule.model_dump() == {
        "feature": "n_chars", "drop_if": "<", "threshold": 50.0, "unit": "characters"
    }  # fmt: skip
    with pytest.raises(
        ValidationError, match=r"measured in 'characters', not in 'eojeol'.*n_eojeol"
    ):
        Rule(feature="n_chars", drop_if="<", threshold=50, unit="eojeol")
    with pytest.raises(ValidationError, match="measured in 'share', not in 'percent'"):
        Rule(feature="hangul_share", drop_if="<", threshold=50, unit="percent")
    with pytest.raises(ValidationError, match="measured in 'lines'"):
        Rule.model_validate(
            {"feature": "n_chars", "drop_if": "<", "threshold": 5,
             "also": {"feature": "n_lines", "drop_if": "<", "threshold": 2, "unit": "eojeol"}}
        )  # fmt: skip


def test_also_must_hold_as_well() -> None:
    long_list, short_list, prose = "낱말 목록\n" * 60, "낱말 목록\n" * 3, PROSE * 10
    also = {"feature": "n_chars", "drop_if": ">", "threshold": 200}
    rule = Rule.model_validate(
        {"feature": "sentence_share", "drop_if": "<", "threshold": 0.1, "also": also}
    )
    found = judge(measure(pa.array([long_list, short_list, prose])), {"r": rule})
    assert found.rule_index.tolist() == [0, -1, -1]
    assert (found.value[0], found.threshold[0]) == (0.0, 0.1)
    assert Rule.model_validate(rule.model_dump()) == rule
    with pytest.raises(ValidationError):  # there is no third condition
        Rule.model_validate({**rule.model_dump(), "also": {**also, "also": also}})


def test_profiles_are_rules_over_known_features() -> None:
    assert list(SHIPPED) == ["korean", "short", "law", "literature", "technical"]
    rules = [rule for profile in SHIPPED.values() for rule in profile.values()]
    used = {rule.feature for rule in rules} | {rule.also.feature for rule in rules if rule.also}
    assert used <= set(FEATURE_NAMES)
    for profile in (LAW, LITERATURE, TECHNICAL):  # a reason code means the same everywhere
        for name in set(profile) & set(KOREAN):
            assert profile[name].feature == KOREAN[name].feature
            assert profile[name].drop_if == KOREAN[name].drop_if


MENU = (
    "로그인 | 회원가입 | 고객센터\n공지사항\n이용약관\n개인정보처리방침\n사이트맵\n"
    "자주 묻는 질문\n오시는 길\n채용 정보\n찾기"
)
EXAMPLES = [
    (PROSE, None),
    ("本官은 昨日 朝鮮 總督府의 發表를 듣고 一般 民衆의 意思가 如何한지를 살피었다. " * 3, None),
    (
        "제1조(목적) 이 법은 국민의 권리를 보호함을 목적으로 한다.\n"
        "제2조(정의) 용어의 뜻은 다음과 같다.\n1. 사업자: 사업을 하는 자",
        None,
    ),
    ("짧은 글이다.", "too_short"),
    ("소방공무원을 국가직으로 전환해 주세요", None),
    ("봄 맞이 새 상품 특가 모음전 모두 보기", "fragment"),
    ("This page is written in English and has nothing else to say.", "not_korean"),
    ("これは日本語で書かれた文章であり、韓国語の文書としては使えません。" * 2, "not_korean"),
    ("한국어 안내문 ひらがなで書いたものがたくさんあるページです。" * 3, "foreign_script"),
    ("깨진 글\ufffd\ufffd 이다. 그래서 이 글은 쓸 수가 없다. " * 3, "broken_encoding"),
    ("ㅋㅋㅋㅋ 진짜 ㅠㅠㅠㅠ 아 ㅋㅋㅋㅋ 대박 ㅎㅎㅎㅎ 그래 " * 3, "jamo_noise"),
    ("아" * 60, "one_character"),
    ((PROSE + "\n") * 4, "repeated_lines"),
    ("지금 바로 확인하세요 " * 30, "repeated_words"),
    ("지금 문의 주시면 무료로 상담 드립니다 " * 30, "repeated_phrases"),
    ("특가 상품 " + "특가 " * 40 + "모음전", "repeated_words"),
    ("2024 1001 33 5501 판매 수량 9912 4410 2231 재고 단가 8800 1200 3100 400 합계", "digits"),
    (
        "오늘의 주요 소식을 모아서 보여 드립...\n"
        + "".join(f"{n}번째 소식은 지난주에 이어서 다시...\n" for n in range(12)),
        "teasers",
    ),
    (
        "바카라사이트 카지노사이트 추천 업체를 소개합니다. 안전놀이터 먹튀검증 토토사이트 "
        "가입머니 이벤트를 합니다.",
        "spam_density",
    ),
    (
        "https://example.com/news/read/20240101 참고 https://example.org/blog/post-17 링크 모음",
        "links",
    ),
]


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_the_korean_profile_on_examples(text: str, expected: str | None) -> None:
    assert reason(text) == expected


def test_an_article_about_gambling_is_no_spam() -> None:
    article = "경찰은 온라인카지노 운영자 세 명을 붙잡았다고 밝혔다. 이들은 해외에 서버를 두었다. "
    assert reason(article + PROSE) is None


VERSE = """나 보기가 역겨워
가실 때에는
말없이 고이 보내 드리우리다

영변에 약산
진달래꽃
아름 따다 가실 길에 뿌리우리다

가시는 걸음 걸음
놓인 그 꽃을
사뿐히 즈려밟고 가시옵소서"""  # Kim Sowol, 1925
SIJO = "태산이 높다 하되\n하늘 아래 뫼이로다\n오르고 또 오르면\n못 오를 리 없건마는"
CODE = """판다스로 파일을 읽는 방법이다.

```python
import pandas as pd
frame = pd.read_csv("sales.csv", encoding="cp949")
frame = frame[frame["region"] == "Seoul"].groupby("month").sum()
frame.to_parquet("sales.parquet", compression="zstd")
print(frame.head(), frame.describe(), frame.dtypes)
```

결과는 압축되어 저장된다."""
ENGLISH = (
    "This tutorial shows how to prepare a model for a mobile device. We start from a trained "
    "network, convert it to the format of the runtime and save the result to the disk. Before "
    "you run the script, make sure that the packages named above are installed. The last part "
    "compares the speed of both models, which depends on the device and on the size of a batch."
)
DEFINITIONS = "제2조(정의)\n" + "".join(
    f"{n}. 별표 {n}에 따른 {item}\n" for n, item in enumerate(["수수료", "과태료", "가산금"] * 5)
)


@pytest.mark.parametrize(
    ("text", "rules"), [(VERSE, LITERATURE), (VERSE, KOREAN), (SIJO, LITERATURE)]
)
def test_verse_is_kept(text: str, rules: dict[str, Rule]) -> None:
    assert reason(text, rules) is None


@pytest.mark.parametrize(
    ("text", "rules", "expected"),
    [
        (DEFINITIONS, LAW, None),
        (CODE, TECHNICAL, None),
        ("吾等은 玆에 我 朝鮮의 獨立國임과 朝鮮人의 自主民임을 宣言하노라.", LITERATURE, None),
        ("これは日本語で書かれた文章であり、韓国語ではない。" * 2, LITERATURE, "not_korean"),
        (ENGLISH + "\n참고 목차 더보기 한국어 튜토리얼", TECHNICAL, "foreign_prose"),
        (ENGLISH, TECHNICAL, "not_korean"),
        ("로그인\n회원가입\n고객센터\n공지사항\n이용약관\n사이트맵", TECHNICAL, "fragment"),
        (MENU, TECHNICAL, "menu_page"),
        (MENU, KOREAN, "menu_page"),
    ],
)  # fmt: skip
def test_each_kind_by_its_profile(text: str, rules: dict[str, Rule], expected: str | None) -> None:
    assert reason(text, rules) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("굿", "too_short"),
        ("늦었어", None),
        ("재밌어요", None),
        ("재미없다........", None),
        ("쩐다ㅋㅋㅋㅋ", None),
        ("완전 대박 ㅋㅋㅋㅋ", None),
        ("잘 자", None),
        ("ㅋㅋㅋㅋ ㅠㅠㅠㅠ ㅎㅎ", "not_korean"),
        ("헐 ㅋㅋㅋㅋ", "jamo_noise"),
        ("good movie", "not_korean"),
        ("최고!!!!!!!!", "symbols"),
        ("아아아아아아아앙", "one_character"),
        ("강추 강추 강추", "repeated_words"),
        ("바카라사이트 카지노사이트", "spam_density"),
    ],
)
def test_the_short_profile_on_examples(text: str, expected: str | None) -> None:
    assert reason(text, SHORT) == expected
