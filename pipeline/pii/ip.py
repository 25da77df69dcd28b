"""Public internet addresses in folded text: 211.45.3.12, 2403:ac00:9b9e::117f.

Forms: RFC 791 dotted quads, the text forms of RFC 4291 (2.2) for IPv6; what is public follows the
IANA registries of special addresses. A dotted quad is also what versions, object identifiers,
chapters and lists look like (4.0.30.128, 2.5.29.14, 1.2.3.4편): the shorter it is, the more the
words around it have to say.
"""

import ipaddress
import re

from pipeline.pii.fold import INVISIBLE, SPACES

BEFORE, AFTER = 60, 60  # code points; see `find_ips`
_READ_BEFORE, _READ_AFTER = 40, 20

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_QUAD = rf"{_OCTET}(?:\.{_OCTET}){{3}}(?![0-9])"
_HEX = "[0-9A-Fa-f]{1,4}"
# 2000::/3 is all that IANA has given out (RFC 4291, 2.4); the others are prefixes of an IPv4 one.
_V6 = rf"[23][0-9A-Fa-f]{{3}}(?::{{1,2}}{_HEX}){{1,7}}(?:::)?|[23][0-9A-Fa-f]{{3}}::"
_ADDRESS = re.compile(
    rf"(?P<mapped>(?<![0-9A-Za-z:.])(?:::[Ff]{{4}}:|64:[Ff]{{2}}9[Bb]::){_QUAD})"
    rf"|(?P<quad>(?<![0-9A-Za-z_]){_QUAD})"
    r"|(?P<apart>(?<![0-9A-Za-z_.])"
    rf"{_OCTET}(?P<gap> ?\. ?|\[\.\]|\(\.\)){_OCTET}(?:(?P=gap){_OCTET}){{2}}(?![0-9]))"
    rf"|(?P<six>(?:(?<![0-9A-Za-z:._-])|(?<=[Ii][Pp][Vv]6:)|(?<=[G-Zg-z]:)|(?<=[가-힣]:))(?:{_V6}))"
)
_DOCUMENTATION = ipaddress.ip_network("3fff::/20")  # RFC 9637, newer than Python's table

_NO_HOST = re.compile(
    r"\.0\.0$|\.255\.255$|^[0-9A-Fa-f]{1,4}:(?:[0-9A-Fa-f]{1,4}:)?:0?$"
)  # a net, a mask

# What people write for "some address", as 000-0000-0000 for a telephone number.
_EXAMPLES = {"1.2.3.4", "4.3.2.1", "12.34.56.78", "11.22.33.44", "123.45.67.89", "123.45.6.7"}
_ALL_ALIKE = re.compile(r"([0-9]{2,3})(?:\.\1){3}$")  # 123.123.123.123

# Before a quad: the middle of a longer number or name. A range of two (1.2.3.4-1.2.3.9) is none.
_JOINED_BEFORE = re.compile(r"(?:[0-9][.,:/]|[A-Za-z][-/=]|\]\.)\Z")
_DECIMAL_BEFORE = re.compile(r"(?<![0-9.])[0-9]+\.[0-9]+ $")
_SLASHED = re.compile(r"(?:(?:ip|addr(?:ess)?|host|client|server|src|dst|from|to)[/=-]|//)$", re.I)
_JOINED_AFTER = re.compile(rf"[A-Za-z_]|[.,][0-9A-Za-z]|-(?!{_QUAD})[0-9A-Za-z]|\[\.\]|\+")
_LABEL = re.compile(
    r"(?P<net>아이피|(?<![a-z])ip(?:v[46])?(?![a-z])|vpn|(?<![a-z])[dl]?ns(?![a-z])|ssh|telnet"
    r"|(?<![a-z])ping|핑 |nslookup|traceroute|whois|curl|wget|(?<![a-z])hosts?(?![a-z])|호스트"
    r"|게이트웨이|gateway|방화벽|firewall|iptables|프록시|proxy|라우터|router|공유기|접속"
    r"|(?<![블프])로그(?![램래])|해킹|대역|서브넷|client|remote|출발지|목적지|(?<![a-z])(?:src"
    r"|dst|peer|inet6?|addr)(?![a-z])|forwarded|https?:|rtsp:|ftp:|비회원|(?:서버|주소|유동"
    r"|작성자|글쓴이|from|address|bind|listen)[는가은이]?[^가-힣a-z\n]{0,4}$)|(?P<other>버[전젼]"
    r"|version|(?<![a-z])ver(?![a-z])|(?<![a-z])v\.? ?$|릴리[스즈]|release|빌드|build|펌웨어"
    r"|firmware|패치|patch|업데이트|update|업그레이드|upgrade|드라이버|driver|(?<![a-z])oid"
    r"|식별자|identifier|extension|asn\.|x\.509|섹션|section|§|chapter|목차|그림|figure|부록"
    r"|[=<>~]=|chrome"
    r"|safari|sdk|framework|assembly|라이브러리|패키지|package|(?<![가-힣])[제장절] ?$|단원)",
    re.I,
)
_NETWORK_AFTER = re.compile(
    r":[0-9]{2,5}(?![0-9:])|/(?:[89]|[12][0-9]|3[0-2])(?![0-9])"
    r"|[^\n]{0,12}(?:아이피|서버|접속|대역|토론\)|기여|(?<![A-Za-z])(?:IP|DNS|ip)(?![A-Za-z])|ping)"
)
_PREFIX = re.compile("/([89]|[12][0-9]|3[0-2])(?![0-9])")
_VERSION_AFTER = re.compile(
    " ?(?:버전|버젼|빌드|판(?![가-힣])|패치|업데이트|릴리|이상 버|version|build|release)", re.I
)
_COUNTED = re.compile(
    " ?(?:편|장(?![비치애])|절|호(?!스)|월|년|차(?![단])|권|화|강|항|조(?!회)|학년|층|위(?!치|협)"
    "|부(?!터|정)|회(?!선)|막|탄|집|번|세대|단계|단지|단원|공구|일(?! 때|까))"
)
_OID = re.compile(r"1\.3\.(?:6\.1|14\.3)$|2\.5\.(?:4|29)\.|2\.16\.|0\.[0-4]\.|1\.2\.840|1\.0\.")

_I = f"[{INVISIBLE}]*"
_D, _H = f"(?:[0-9０-９]{_I})", f"(?:[0-9A-Fa-f０-９Ａ-Ｆａ-ｆ]{_I})"
_DOT = rf"[.．。｡]{_I}"
_EDGE = "(?:^|[^0-9０-９])"
_SPACED = f"[ {SPACES}{INVISIBLE}]*"
GATE = (
    f"{_EDGE}{_I}{_D}{{1,3}}(?:{_DOT}{_D}{{1,3}}){{3}}"
    f"|{_EDGE}{_I}{_D}{{1,3}}(?:{_SPACED}{_DOT}{_SPACED}{_D}{{1,3}}){{3}}(?:$|[^0-9０-９])"
    rf"|{_D}{_I}[\[(［（]{_I}{_DOT}[\])］）]{_I}{_D}"
    f"|[23２３]{_I}{_H}{{3}}[:：]{_I}(?:{_H}{{1,4}}[:：]|[:：])"
)


def find_ips(text: str) -> list[tuple[int, int]]:
    """Spans of public IPv4 and IPv6 addresses; in order, without overlap.

    `text` is folded (`pipeline.pii.fold`); offsets are code points, ends exclusive. Private,
    loopback, link-local, multicast, documentation and reserved addresses and netmasks are left
    out; a port or prefix length after an address is no part of it. All that is read for an address
    with a match of GATE lies from BEFORE code points before the start of that match to AFTER
    behind its end.
    """
    return [match.span() for match in _ADDRESS.finditer(text) if _is_ip(match)]


def _is_ip(match: re.Match[str]) -> bool:
    if match["six"]:
        return _is_v6(match)
    written = re.sub(r"[^0-9.]", "", match["quad"] or match["apart"] or match[0].rpartition(":")[2])
    return _is_public(written) and (match["mapped"] is not None or _reads_as_quad(match, written))


def _is_public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not parsed.is_global or parsed.is_multicast or parsed in _DOCUMENTATION:
        return False
    return not (_NO_HOST.search(address) or address in _EXAMPLES or _ALL_ALIKE.match(address))


def _is_v6(match: re.Match[str]) -> bool:
    text, (start, end) = match.string, match.span()
    if re.compile("[0-9A-Za-z_]|:[0-9A-Za-z:]").match(text, end) or not _is_public(match[0]):
        return False
    groups = len(re.findall(_HEX, match[0]))
    return groups > 2 or _named(text, start, end) is True


def _named(text: str, start: int, end: int) -> bool | None:
    """What the nearest word on the line before says: True a network address, False a version."""
    before = text[max(0, start - _READ_BEFORE) : start].rpartition("\n")[2]
    words = [match.lastgroup for match in _LABEL.finditer(before)]
    if words:
        return words[-1] == "net"
    return True if _NETWORK_AFTER.match(text[end : end + _READ_AFTER]) else None


def _is_net(text: str, end: int, written: str) -> bool:
    """Whether a prefix length follows that leaves no bit for a host: 71.94.8.0/22."""
    prefix = _PREFIX.match(text, end)
    if prefix is None:
        return False
    host_bits = 32 - int(prefix[1])
    return host_bits > 0 and int(ipaddress.IPv4Address(written)) % (1 << host_bits) == 0


def _reads_as_quad(match: re.Match[str], written: str) -> bool:
    """Whether a dotted quad is an address, by its neighbours, length and the words around."""
    text, (start, end) = match.string, match.span()
    before = text[max(0, start - 10) : start]
    if _JOINED_BEFORE.search(before) and not _SLASHED.search(before):
        return False
    if _JOINED_AFTER.match(text, end) or _VERSION_AFTER.match(text, end):
        return False
    named = _named(text, start, end)
    octets = [int(octet) for octet in written.split(".")]
    if named is False or (named is None and _OID.match(written)) or _is_net(text, end, written):
        return False
    if named is None and _DECIMAL_BEFORE.search(before):  # a row of decimals run together
        return False
    long = len(written) >= 10 and max(octets) >= 64
    if match["apart"] and not match["gap"].startswith(("[", "(")):
        return named is True and long
    if not long and _COUNTED.match(text, end):
        return False
    return named is True or long
