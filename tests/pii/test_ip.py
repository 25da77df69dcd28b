import ipaddress
import random
import re
from itertools import pairwise

import pytest
import re2
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.pii import ip
from pipeline.pii.fold import fold
from pipeline.pii.ip import find_ips


def marked(text: str) -> str:
    folded = fold(text)
    for start, end in reversed(find_ips(folded.text)):
        start, end = folded.original(start, end)
        text = f"{text[:start]}【{text[start:end]}】{text[end:]}"
    return text


PUBLIC = """\
아이피 【211.45.3.12】로 접속
IP: 【8.8.8.8】
ping 【1.1.1.1】
글쓴이(【82.82.9.24】)
【211.45.3.12】:8080
【211.45.3.12】/24 대역
http://【211.45.3.12】/index.html
【211.45.3.12】에서 【125.209.222.142】로
【211.45.3.12】-【211.45.3.40】
【211．45．3．12】
【２１１.４５.3.12】
【211.45\u200b.3.12】
IP 【211. 45. 3. 12】
도메인 【223[.]130[.]195[.]95】
client=【48.141.170.82】 user=가
from 【58.120.7.9】 port 22
서버(【58.120.7.9】)가 죽음
마지막은 【58.120.177.9】. 그리고
【::ffff:211.45.3.12】
아이피 【2403:ac00:9b9e:de34::2299:117f】로
아이피 【240B:C0:18CD:95A0::432A:EDF0】으로
[【2406:5900:1:2::3】]:443
【2001:2D8:E100:0:0:0:0:1】
IPv6:【2a00:1450:4001:81b::200e】"""
NEITHER = """\
공유기 192.168.0.1
IP 10.0.0.1
IP 172.16.3.4
IP 127.0.0.1
넷마스크 255.255.255.0
IP 169.254.10.20
멀티캐스트 IP 224.0.0.251
예제 IP 203.0.113.5, 198.51.100.7, 192.0.2.1
IP 대역 71.94.8.0/22
예시 IP 123.123.123.123
버전 2.0.1.15
버전 221.10.1.150으로
v1.2.3.4
1.2.3.4편
IP 1.2.3.5편
version 187.0.42.188
187.40.42.188 버전
Chrome/187.0.42.188
pip install foo==112.13.114.100
file-211.45.3.12.tar.gz
OID 2.5.29.14
1.3.6.1.4.1.311
3.2.1.1 개요
2.4.1.2호
211.45.3.12.7
211.45.3
211.45.*.*
2020.12.25.13
20.12.25.13 회의
300.45.3.12
std::vector, std::2001::a
12:30:45
00:1A:2B:3C:4D:5E
2019:12:25 10:30
IPv6 2001:db8::1
IPv6 fe80::1, fd00::1234:1, ::1
IPv6 2600::/16
IPv6 3fff::1
::ffff:10.0.0.1
IPv6 2403:ac00:9b9e:de34:1:2:3:4:5"""


@pytest.mark.parametrize("line", PUBLIC.splitlines())
def test_a_public_address_is_found_without_port_or_prefix(line: str) -> None:
    assert marked(re.sub("[【】]", "", line)) == line


@pytest.mark.parametrize("line", NEITHER.splitlines())
def test_private_addresses_versions_and_times_are_left(line: str) -> None:
    assert marked(line) == line


@settings(max_examples=400, deadline=None)
@given(st.ip_addresses(v=4))
def test_after_the_word_ip_a_quad_is_found_when_it_is_public(
    address: ipaddress.IPv4Address,
) -> None:
    octets = str(address).split(".")
    public = address.is_global and not address.is_multicast
    plain = len(set(octets)) > 1 and octets[2:] not in (["0", "0"], ["255", "255"])
    if public and plain and str(address) not in ip._EXAMPLES:
        assert marked(f"IP {address}가") == f"IP 【{address}】가"
    elif not public:
        assert find_ips(f"IP {address}가") == []


@settings(max_examples=400, deadline=None)
@given(st.ip_addresses(v=6), st.booleans())
def test_a_v6_address_in_any_form_is_found_when_it_is_public(
    address: ipaddress.IPv6Address, upper: bool
) -> None:
    address = ipaddress.IPv6Address(0b001 << 125 | int(address) >> 3)
    assume(int(address) % (1 << 64))  # a host, not the prefix of a net
    for form in (address.compressed, address.exploded):
        written = form.upper() if upper else form
        found = find_ips(f"아이피 {written}로")
        expected = address.is_global and address not in ip._DOCUMENTATION
        assert found == ([(4, 4 + len(written))] if expected else [])


_PIECES = (
    "211|45|3|12|8|10|1.2.3.4|211.45.3.12|.|.|.|. | . |．|[.]|:|::|2403|ac00|9b9e::117f"
    "|2403:ac00:1::2"
    "|IP |아이피|버전 | |\u200b|２１１|-|/24|:80|::ffff:|\n|가|v|,"
)
PIECES = st.sampled_from(_PIECES.split("|"))


@pytest.mark.parametrize("seed", range(3))
def test_every_address_of_a_host_is_seen_through_the_gate_and_its_window(seed: int) -> None:
    rng, found = random.Random(seed), 0
    pieces = _PIECES.split("|")
    for _ in range(10_000):
        text = "".join(rng.choices(pieces, k=rng.randint(1, 9)))
        folded = fold(text).text
        values = {folded[start:end] for start, end in find_ips(folded)}
        seen = set()
        for hit in re2.finditer(ip.GATE, text):
            window = fold(text[max(0, hit.start() - ip.BEFORE) : hit.end() + ip.AFTER]).text
            seen |= {window[start:end] for start, end in find_ips(window)}
        assert values <= seen, text
        found += len(values)
    assert found > 500


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=20).map("".join)))
def test_every_span_of_an_ip_parses_as_a_public_address(text: str) -> None:
    folded = fold(text).text
    spans = find_ips(folded)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    for start, end in spans:
        assert ipaddress.ip_address(re.sub(r"[][() ]", "", folded[start:end])).is_global
