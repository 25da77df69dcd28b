"""Korean text made here, and a tokenizer trained on it once a run."""

# ruff: noqa: E501, SIM905 - lines of text are left as lines of text

import random

import pyarrow as pa
import pytest
from hypothesis import settings

from tokenizer.config import TokenizerConfig
from tokenizer.count import count_eojeol
from tokenizer.train import train

settings.register_profile("compiling", deadline=None)  # a first call compiles
settings.load_profile("compiling")

PARAGRAPHS = """\
나루터 마을의 도서관은 토요일마다 저녁 아홉 시까지 문을 열었다. 아이들은 만화책을 보다가 잠이 들었고, 어른들은 신문을 넘기며 차를 마셨다.
할머니가 장독대에서 된장을 푸시는 동안 나는 마당을 쓸었다. 감나무에 까치가 앉아 있었는데, 쫓아도 좀처럼 날아가지 않았다.
그 회사는 지난해 매출이 12,430억 원으로 전년보다 7.5% 늘었다고 밝혔다. 영업이익은 984억 원이었다.
"오늘 회의는 몇 시예요?" "세 시 반이라고 들었는데요, 아닌가요?" 민서는 휴대전화를 꺼내 달력을 확인했다.
ㅋㅋㅋㅋ 진짜 웃기네요ㅠㅠ 저도 어제 똑같이 당했어요 ㅎㅎ 다음부턴 조심해야겠음!!!
제3조(목적) 이 규칙은 마을 공동 우물의 사용과 관리에 필요한 사항을 정함을 목적으로 한다. ② 사용자는 우물을 깨끗이 하여야 한다.
파이썬에서 리스트를 정렬하려면 sorted(list, key=len)처럼 쓰면 됩니다. 원본을 바꾸려면 list.sort()를 부르세요.
비가 그친 뒤의 산길은 미끄러웠지만 공기가 맑아서 걷기에 좋았다. 우리는 능선에 올라 멀리 바다를 바라보았다.
大韓民國의 國語는 한국어이다. 옛 新聞에는 漢字가 많아 젊은 讀者는 읽기 어렵다.
김밥은 밥을 너무 꼭꼭 누르지 말고, 속 재료의 물기를 뺀 다음에 말아야 터지지 않아요. 참기름을 바르면 더 고소합니다.
연락처는 <|tel|>이고 계좌는 <|acc|> 입니다. 문의는 https://example.org/help?lang=ko 로 해 주세요 😀
표준어로는 '새침데기'가 맞지만 사람들은 '새침떼기'라고도 쓴다. 맞춤법은 늘 헷갈린다.
"""
BAD_TEXTS = {
    "10^5 Latin letters": "ab" * 50_000,
    "10^6 jamo": "ㅋㅎ" * 500_000,
    "one eojeol of 5 MB": "가나다라마바사아자차" * 170_000,
    "old Hangul": "나랏말ᄊᆞ미 듕귁에 달아" * 50,
    "decomposed": "\u1112\u1161\u11ab\u1100\u1173\u11af " * 50,
    "emoji sequences": "👨‍👩‍👧‍👦🇰🇷❤️‍🔥" * 300,
    "space marks": "▁ ▁▁가▁" * 500,
    "special tokens": "<|endoftext|><|tel|> <|tel<|sep|>|> <0x0A></s>" * 50,
    "nothing": "",
}
NOUNS = "학교 바다 어머니 컴퓨터 시장 노래 편지 구름 자전거 연필 의사 겨울 문장 손가락 도시 역사".split()
PARTICLES = (
    "은 는 이 가 을 를 에 에서 에게 부터 까지 만 도 보다 처럼 으로 에는 에서도 까지만".split()
)
STEMS = "먹 읽 걷 잡 놓 웃 찾 남 갔 왔 봤 했 만들었 기다렸 살았 좋았 예뻤 달렸".split()
ENDINGS = "다 고 지만 으니까 는데 습니다 어요 을까 으면 더라도 던 네요 거든요 자마자".split()


def made_sentences(n: int) -> list[str]:
    """Sentences of a noun, a particle, a stem and an ending, always the same."""
    choose = random.Random(7).choice
    return [
        f"{choose(NOUNS)}{choose(PARTICLES)} {choose(NOUNS)}{choose(PARTICLES)} "
        f"{choose(STEMS)}{choose(ENDINGS)}."
        for _ in range(n)
    ]


@pytest.fixture(scope="session", params=BAD_TEXTS)
def bad_text(request) -> str:
    """Each of the texts that break tokenizers by their size or their characters."""
    return BAD_TEXTS[request.param]


@pytest.fixture(scope="session")
def bad_texts() -> list[str]:
    """All of them."""
    return list(BAD_TEXTS.values())


@pytest.fixture(scope="session")
def paragraphs() -> list[str]:
    return PARAGRAPHS.splitlines()


@pytest.fixture(scope="session")
def texts(paragraphs) -> pa.StringArray:
    return pa.array([*paragraphs, PARAGRAPHS, *made_sentences(3000)])


@pytest.fixture(scope="session")
def counts(texts) -> pa.Table:
    return count_eojeol(texts)


@pytest.fixture(scope="session")
def model(counts) -> bytes:
    """Plain BPE of 1,600 entries."""
    return train(counts, TokenizerConfig(vocab_size=1600), ["email"])[0]
