"""What no corpus should hold: spam, menus, text broken on its way, lines that are no JSON."""

import json
import random

from pipeline.synthetic.words import MENU

_GAMBLING = (
    "바카라 {n}만원 무료 쿠폰 지급",
    "안전놀이터 먹튀검증 완료 업체 모음",
    "첫 충전 {n}% 보너스 카지노사이트 추천",
    "토토사이트 가입머니 {n}만 즉시 지급",
    "실시간 바카라 슬롯머신 룰렛 입금 즉시 출금",
    "먹튀 없는 메이저사이트 {code} 가입코드 {code}",
    "파워볼 사다리 {n}배당 최고 배당률 보장",
    "카지노 신규가입 꽁머니 {n}만원 지금 바로 {code}.com",
    "온라인카지노 롤링 {n}% 콤프 페이백 매일",
    "스포츠토토 라이브배팅 무제한 한도 없음",
    "슬롯사이트 잭팟 터지는 곳 {code}",
    "토토 총판 모집 수익 {n}% 카톡 {code}",
)
_LOANS = (
    "무직자 소액대출 {n}만원 당일 입금",
    "신용불량자 대출 가능 무서류 {n}분 승인",
    "급전 일수 대출 상담 카톡 {code}",
    "저금리 대환대출 최대 {n}00만원 한도 조회",
    "휴대폰 소액결제 현금화 {n}% 최저 수수료",
    "연체자 개인돈 대출 24시간 즉시 상담",
    "주부대출 여성대출 {n}분 송금 비밀 보장",
    "신용카드 현금화 정보이용료 현금화 {code}",
    "대출 나라 등록 업체 안심 대출 {code}",
    "개인회생 파산 면책 후 대출 당일 {n}만",
)


def spam_page(rng: random.Random) -> str:
    """A page of gambling or loan advertisements, 12 to 40 lines."""
    lines = rng.choice((_GAMBLING, _LOANS))
    return "\n".join(
        rng.choice(lines).format(n=rng.randint(1, 99), code=_code(rng))
        for _ in range(rng.randint(12, 40))
    )


def menu_page(rng: random.Random) -> str:
    """What is left of a page without an article: 30 to 90 names of menus and lists."""
    entries = [rng.choice(MENU) for _ in range(rng.randint(30, 90))]
    entries += [str(page) for page in range(1, rng.randint(3, 11))]
    if rng.random() < 0.5:
        return "\n".join(entries)
    return "\n".join(" | ".join(entries[at : at + 6]) for at in range(0, len(entries), 6))


def mojibake(text: str) -> str:
    """UTF-8 bytes read as Latin-1, whole: every byte is a character, nothing is lost."""
    return text.encode().decode("latin-1")


def riddled(text: str, rng: random.Random) -> str:
    """Text with a quarter to a half of its characters lost to U+FFFD."""
    share = rng.uniform(0.25, 0.5)
    return "".join("\ufffd" if rng.random() < share else character for character in text)


def bad_line(text: str, rng: random.Random) -> str:
    """A JSON line that is none: cut short, unquoted, or with a control character in it."""
    line = json.dumps({"text": text[:300]}, ensure_ascii=False)
    kind = rng.randrange(3)
    if kind == 0:
        return line[: rng.randint(2, len(line) - 2)]
    if kind == 1:
        return line.replace('"', "", 1)
    return line.replace(" ", "\t\x01", 2)


def html_page(text: str, title: str) -> str:
    """A page that holds the text as its article, among scripts and a menu."""
    paragraphs = "\n".join(f"<p>{_escaped(line)}</p>" for line in text.splitlines() if line.strip())
    menu = "".join(f'<li><a href="/{n}">{name}</a></li>' for n, name in enumerate(MENU[:12]))
    return f"""<!DOCTYPE html>
<html lang="ko"><head><meta charset="utf-8"><title>{_escaped(title)}</title>
<style>p {{ margin: 0 }}</style><script>var page = "스크립트는 글이 아니다";</script></head>
<body><nav><ul>{menu}</ul></nav>
<article><h1>{_escaped(title)}</h1>
{paragraphs}
</article><footer><a href="/terms">이용약관</a></footer></body></html>
"""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _code(rng: random.Random) -> str:
    return "".join(rng.choices("abcdefghjkmnpqrstuvwxyz", k=3)) + str(rng.randint(10, 999))
