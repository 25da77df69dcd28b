"""Whole documents with personal values: forms, tables, contracts, logs, markup, signatures."""
# ruff: noqa: E501

from benchmarks.pii_writing import sections

DOCUMENTS = sections(
    """
@@ resume
이력서
성명: {name}
생년월일: {birth}
연락처: {tel}
이메일: {email}
주소: {address}
학력: {year}. 02 한국대학교 졸업
~~
{name} | {tel:mobile} | {email}
경력 {year}.03 ~ {year}.11 한결소프트 백엔드 개발
~~
지원서
지원분야: 생산직
이  름: {name}
주민번호: {rrn}
휴 대 폰: {tel}
주    소: {address}
비상연락처: {tel:mobile} (배우자)
@@ contract
임대차계약서
임대인 성명 {name} 주민등록번호 {rrn} 전화 {tel}
주소 {address:full}
임차인 성명 {name} 주민등록번호 {rrn} 전화 {tel}
보증금 {won}원은 {bank} 계좌로 입금한다.
~~
"갑" 상호: 다온기획, 사업자등록번호: {brn}, 대표: {name}, 주소: {address:full}
"을" 성명: {name}, 주민등록번호: {rrn}, 지급계좌: {bank}
~~
차용증
채무자 {name}({rrn:bare})는 채권자 {name}({rrn:bare})로부터 금 {won}원을 차용하고 아래 계좌로 변제한다.
{bank}
채무자 주소: {address:full}
연락처: {tel}
~~
위임장
수임인 성명: {name} 생년월일: {birth} 주소: {address:full}
위임인 {name} 면허번호 {driver} 연락처 {tel}
@@ court
사건 {year}가단{d:5} 대여금
원고 {name} ({rrn:bare})
{address:full}
피고 {name} ({rrn:bare})
{address:full}
송달장소 같은 곳, 전화 {tel}
~~
증인 {name}의 휴대전화({tel:mobile}) 통화내역과 {bank} 거래내역을 종합하면
~~
주문
피고는 원고에게 {won}원을 지급하라.
이유
피고는 {year}. {n}. {n}. {address:full}에서 {name}(주민등록번호 {rrn})에게 {plate} 승용차를 매도하고 {bank}로 대금을 송금받았다.
@@ customs_form
수취인: {name}
연락처: {tel:mobile}
통관부호: {customs}
주소: {address}
운송장: {d:12}
상품: 비타민 2개 ({won}원)
~~
HBL {up:4}{d:8} 수하인 {name} {customs:glued} {tel:mobile}
@@ hospital
진료예약 확인
환자 {name}님 (등록번호 {d:8})
{iso} 14:30 내과
변경 문의 {tel:land}
진료비 입금 {bank}
~~
접수증
성명 {name}
주민번호 {rrn}
건강보험증 {hin}
보호자 {tel}
@@ school
가정통신문
{year}학년도 현장체험학습 안내
참가비 {won}원을 {bank} 로 {n}월 {n}일까지 입금하여 주시기 바랍니다. 문의: 교무실 {tel:land}
~~
비상연락망
1번 {name} {tel:mobile}
2번 {name} {tel:mobile}
3번 {name} {tel:mobile}
@@ csv
이름,주민번호,전화,이메일
{name},{rrn:bare},{tel:plain},{email:plain}
{name},{rrn:bare},{tel:plain},{email:plain}
{name},{rrn:bare},{tel:plain},{email:plain}
~~
id,plate,driver_license
{n},{plate:glued},{driver:number}
{n2},{plate:glued},{driver:number}
~~
은행,계좌번호,예금주
국민은행,{acc:hyphen},{name}
신한은행,{acc:hyphen},{name}
~~
거래처명;사업자등록번호;전화;주소
한빛상사;{brn:hyphen};{tel:land};{address:full}
누리유통;{brn:hyphen};{tel:land};{address:full}
@@ table
| 이름 | 연락처 | 차량번호 |
|---|---|---|
| {name} | {tel:mobile} | {plate} |
| {name} | {tel:mobile} | {plate} |
~~
부서\t담당자\t내선\t직통\t메일
총무팀\t{name}\t{d:4}\t{tel:land}\t{email:plain}
영업팀\t{name}\t{d:4}\t{tel:land}\t{email:plain}
~~
번호 | 성명 | 주민등록번호 | 계좌
1 | {name} | {rrn:bare} | {bank}
2 | {name} | {rrn:bare} | {bank}
~~
차량현황
연번  차량번호  차종  운전자
1  {plate}  트럭  {name}
2  {plate}  승합  {name}
~~
여권번호\t성명\t국적
{passport:glued}\tKIM DOYUN\t대한민국
{passport:glued}\tLEE SEOA\t대한민국
@@ html
<li>상호 : 미소꽃집</li><li>사업자등록번호 : {brn}</li><li>Tel. {tel:land}</li><li>{address:full}</li>
~~
<td>{name}</td><td>{tel:plain}</td><td>{email:plain}</td><td>{ip:v4}</td>
~~
Copyright {year} (주)가람. 대표 {name} 사업자등록번호 {brn} 통신판매업신고 제{year}-경기성남-{z:4}호 주소 {address:full} 고객센터 {tel_public} 팩스 {tel:land} 개인정보책임자 {email:plain}
~~
<p class="addr">{address:full} <span>TEL {tel:land}</span> <a href="mailto:{email:plain}">{email:plain}</a></p>
~~
<tr><th>사업자등록번호</th><td>{brn:hyphen}</td></tr>
<tr><th>대표자</th><td>{name}</td></tr>
<tr><th>소재지</th><td>{address:full}</td></tr>
<tr><th>팩스</th><td>{tel:land}</td></tr>
~~
<input name="jumin" value="{rrn:bare}"><input name="hp" value="{tel:plain}"><br>계좌: {bank}
@@ json
{"name":"{name}","phone":"{tel:plain}","email":"{email:plain}","ip":"{ip}"}
~~
{"user_id": {d:6}, "rrn": "{rrn:bare}", "account": {"bank": "국민은행", "number": "{acc:plain}"}, "card": "{card:plain}"}
~~
{"result":true,"data":[{"carNo":"{plate:glued}","driver":"{name}","license":"{driver:number}"},{"carNo":"{plate:glued}","driver":"{name}","license":"{driver:number}"}]}
~~
{
  "orderId": "{d:10}",
  "receiver": {"name": "{name}", "tel": "{tel:plain}", "addr": "{address:full}"},
  "customsCode": "{customs:glued}"
}
@@ log
{dt} INFO LoginService - user={email:plain} ip={ip:v4} result=OK
{dt} WARN SmsSender - to={tel:plain} code=E102 elapsed={d:4}ms
~~
[{dt}] 결제요청 card={card:plain} amount={d:5} phone={tel:plain} ip={ip}
~~
{dt} [http-nio-8080-exec-3] DEBUG c.e.MemberMapper - ==> Parameters: {name}(String), {tel:plain}(String), {email:plain}(String)
~~
Received: from mail.garam.example ([{ip:v4}])
From: {name} <{email:plain}>
To: {email:plain}
Subject: 견적 요청
~~
INSERT INTO member VALUES ({d:4}, '{name}', '{rrn:bare}', '{tel:plain}', '{email:plain}');
@@ market
판매완료
직거래: {city}, 택배거래 가능(+4,000)
{bank}
{tel}
~~
아이폰 13 128기가 팔아요. IMEI {d:15}
연락 {tel} 카톡X
계좌는 {bank}
@@ spam
(광고)정부지원 최저금리 대출 ☎{tel} 담당 {name} 팀장 무료거부 {tel_public}
~~
급전 당일! {tel:odd} 24시 / 카톡 ID {handle}
@@ notice
입찰공고 제{year}-{d:3}호
제출처: {address:full}, 전자우편 {email}, 전화 {tel:land}, 팩스 {tel:land}
~~
습득물 공고: 지갑 1점(운전면허증 {driver}, {name}), 보관 {city} 경찰서 {tel:land}
~~
분실물 안내
{n}월 {n}일 버스에서 발견된 신용카드({card})와 운전면허증({driver})을 보관 중입니다. {tel:land}로 연락 주세요.
~~
공시송달 공고
성명 {name} / 최후주소 {address:full} / 차량번호 {plate}
~~
기부금 영수증 신청
성명, 주민등록번호, 주소를 적어 {email:plain} 으로 보내 주세요. 예) {name}, {rrn}, {address}
@@ government
과태료 납부 안내
차량 {plate} / 위반일 {iso}
납부계좌 {bank}
담당자 {name} ({tel:land})
~~
신고인 {name} 주민등록번호 {rrn} 주소 {address:full} 연락처 {tel} 여권번호 {passport}
@@ bank
{name} 고객님, {bank} 에서 {won}원이 출금되었습니다. 문의 {tel_public}
~~
본인확인: 주민등록번호 {rrn}, 운전면허 {driver}, 카드번호 {card}
@@ travel
여행자 명단
1. {name} / 여권 {passport:glued} / {birth}
2. {name} / 여권 {passport:glued} / {birth}
인솔자 {tel:mobile}
~~
렌터카 예약: {name}, 면허 {driver}, 연락처 {tel}, 차량 {plate}
@@ hr
입사 서류: {name}({rrn:bare}), 급여계좌 {bank}, 외국인은 외국인등록번호({frn})와 여권번호({passport})
~~
외국인 근로자 명단
THAPA RAM {frn:bare} {tel:mobile}
TRAN MINH {frn:bare} {tel:mobile}
@@ readme
## 설치
```
pip install hangul-tools=={v3}
```
문의는 {email:plain} 으로 보내 주세요. 데모 서버: http://{ip:v4}:8080/
~~
commit {hex:40}
Author: {name} <{email:plain}>
Date:   Mon Mar 4 10:22:31 {year} +0900
@@ chat
[{name}] [오후 3:12] 주소 어디였지?
[{name}] [오후 3:13] {address}
[{name}] [오후 3:13] 전화는 {tel}
~~
A: 차 번호가 뭐예요
B: {plate}요
A: 네 등록할게요. 끝나면 {tel:mobile} 로 전화 주세요
@@ review
사장님이 {tel:mobile}로 직접 전화 주셔서 놀랐어요
~~
배송 {n}일 걸림. 통관부호({customs}) 잘못 넣어서 다시 연락드림. 판매자 메일 {email:plain}
@@ kv
[주문자 정보]
주문자명 = {name}
휴대전화 = {tel}
이메일 = {email:plain}
배송지 = {address}
통관부호 = {customs}
주문번호 = {d:12}
~~
성함 - {name}
연락처 - {tel}
차종 및 번호 - 카니발 {plate}
방문일시 - {dt}
~~
name: {name}
phone: {tel:plain}
email: {email:plain}
biz_no: {brn:hyphen}
server_ip: {ip:v4}
@@ talk
고객님: 가입할 때 쓴 메일이요 {email:plain}
상담원: 네 확인됐습니다. 휴대폰 번호도 부탁드립니다
고객님: {tel}
~~
[{name}] [오전 9:12] 집주소 불러줘봐
[{name}] [오전 9:14] {address}
[{name}] [오전 9:15] 현관 비번은 없음
~~
{name} : 통장 번호 뭐야
{name} : {bank}
{name} : ㅇㅋ 보냈어
~~
민지맘: 차 번호 뭐였죠?
{name}: {plate} 이요
민지맘: 등록했어요~
@@ sign
--
{name} 과장 | 영업2팀
(주)가람 | {address:full}
T {tel:land} | M {tel:mobile} | {email:plain}
~~
감사합니다.
{name} 드림
휴대폰: {tel}
메일: {email}
~~
{name} 변호사
전화 {tel:land} 팩스 {tel:land}
{address:full}
@@ spoken
네 그 번호 제가 부를게요 {tel:odd} 맞으시죠
~~
어 불러 줄게 적어 {tel:odd} 어 그래
~~
제 연락처는요 {tel:odd} 입니다 네 네
""",
    between="\n~~\n",
)
