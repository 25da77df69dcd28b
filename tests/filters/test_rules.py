import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from pipeline.filters.rules import KOREAN, SHIPPED, SHORT, Rule, judge
from pipeline.kernels.feature_list import FEATURE_NAMES
from pipeline.kernels.features import measure

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


def test_profiles_speak_of_known_features() -> None:
    assert SHIPPED == {"korean": KOREAN, "short": SHORT}
    assert {rule.feature for rules in SHIPPED.values() for rule in rules.values()} <= set(
        FEATURE_NAMES
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
    ("This page is written in English and has nothing else to say.", "not_korean"),
    ("これは日本語で書かれた文章であり、韓国語の文書としては使えません。" * 2, "not_korean"),
    ("한국어 안내문 ひらがなで書いたものがたくさんあるページです。" * 3, "foreign_script"),
    ("깨진 글\ufffd\ufffd 이다. 그래서 이 글은 쓸 수가 없다. " * 3, "broken_encoding"),
    ("ㅋㅋㅋㅋ 진짜 ㅠㅠㅠㅠ 아 ㅋㅋㅋㅋ 대박 ㅎㅎㅎㅎ 그래 " * 3, "jamo_noise"),
    ("아" * 60, "one_character"),
    ((PROSE + "\n") * 4, "repeated_lines"),
    ("지금 바로 확인하세요 " * 30, "repeated_words"),
    (
        "로그인 | 회원가입 | 고객센터\n공지사항\n이용약관\n개인정보처리방침\n사이트맵\n"
        "자주 묻는 질문\n오시는 길\n채용 정보\n찾기",
        "menu_page",
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("재밌어요", "too_short"),
        ("재밌어요!", None),
        ("완전 대박 ㅋㅋㅋㅋ", None),
        ("ㅋㅋㅋㅋ ㅠㅠㅠㅠ ㅎㅎ", "not_korean"),
        ("응 ㅋㅋㅋㅋ ㅋㅋ 응 응", "jamo_noise"),
        ("good movie", "not_korean"),
        ("좋다!!!!!!!!", "symbols"),
        ("바카라사이트 카지노사이트", "spam_density"),
    ],
)
def test_the_short_profile_on_examples(text: str, expected: str | None) -> None:
    assert reason(text, SHORT) == expected
