"""What the patterns of furniture share: reporters' names, addresses, dates, names of papers."""

_SURNAME = (
    "김이박최정강조윤장임한오서신권황안송류유홍전고문양손배백허남심노하곽성차주우구민진지엄채원천방공현함변염여"
    "추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용예경봉사부"
)
_NO_NAME = r"(?:[가-힣]{2}[부사]\s|한국인|외국인|여러분|연예계|우리나|기성의|전문지|인터넷|유튜브)"
NAME = (
    rf"(?:(?!{_NO_NAME})[{_SURNAME}][가-힣]{{2}}|"
    r"(?:남궁|황보|선우|제갈|독고|사공|서문)[가-힣]{1,2})"
)
"""A name of three syllables, or of a surname of two: shorter ones are too often other words (현직,
전문, 방송), and are taken only beside an address."""
TITLE = (
    r"(?:선임|수석|전문|인턴|수습|객원|시민|사진|영상|여행|경제|정치|문화|스포츠|의학|온라인|디지털|온라인뉴스|"
    r"뉴스)?\s?(?:기자|특파원|통신원|논설위원|에디터|리포터)"
)
EMAIL = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,40}\s?@\s?[A-Za-z0-9-]{1,30}(?:\.[A-Za-z0-9-]{1,20}){1,3}"
OUTLET = r"[가-힣A-Za-z0-9·&.]{2,20}"
PRESS = (
    r"(?:[가-힣A-Za-z0-9]{0,10}(?:뉴스|일보|신문|통신|경제|데일리|타임스|투데이|미디어|저널|헤럴드)|"
    r"뉴시스|뉴스1|뉴스핌|연합뉴스|OSEN|오센|엑스포츠뉴스|이데일리|노컷뉴스|YTN|KBS|MBC|SBS)"
)
WRITER = rf"[가-힣]{{2,4}}\s?{TITLE}"
"""Beside an address any name will do."""
REPORTERS = (
    rf"{NAME}(?:[·,ㆍ/\s]{{1,2}}{NAME}){{0,3}}\s?{TITLE}(?:[·,ㆍ/\s]{{0,3}}{NAME}\s?{TITLE}){{0,3}}"
)
DATE = (
    r"(?:19|20)\d\d\s?[-./년]\s?\d{1,2}\s?[-./월]\s?\d{1,2}\s?[.일]?"
    r"(?:\s?\(?[월화수목금토일](?:요일)?\)?)?,?"
    r"(?:\s?(?:오전|오후|AM|PM|am|pm))?(?:\s?\d{1,2}\s?[:시]\s?\d{1,2}분?(?::\d{2})?)?"
    r"(?:\s?(?:오전|오후|AM|PM|am|pm))?"
)
