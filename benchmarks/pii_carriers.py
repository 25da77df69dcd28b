"""Sentences with one or a few personal values: one a line, under the kind they are about.

A slot is `{kind}` or `{kind:form}`; `⏎` is a line break. Slots that are no value are filled by
`pii_texts.filler`.
"""

from benchmarks.pii_writing import sections

SENTENCES = sections("""
@@ tel
면허시험장 {tel:land} / 등기소 {tel:land}
여권과 담당 {tel:land}로 문의하세요
상품 문의는 {tel}
중고 의자 아직 있어요. {tel}로 문자 주시면 답 드립니다.
전번{tel:glued}임 카톡추가 ㄱㄱ
☎ {tel} / 팩스 {tel:land}
혹시 {tel} 이 번호로 온 부재중 전화 받아 보신 분 계신가요?
H.P: {tel}
견적문의는{tel:glued}로연락주세요
예약은 전화({tel:land})로만 받습니다.
내 번호 {tel:odd} 이거야, 캡처는 하지 말고
과외 구합니다. 시간 조율은 {tel:odd}
안심번호 {tel:safe}로 연결됩니다.
대표전화 {tel_public}, 직통 {tel:land}
관리사무소 T.{tel:land} F.{tel:land}
[Web발신]⏎{name}님 택배를 문 앞에 두었습니다. 기사 {tel}
주말엔 {tel:mobile}, 평일엔 {tel:land}이 빨라요
<a href="tel:{tel:plain}">전화하기</a>
고양이를 찾습니다⏎사례금 있음⏎{tel}
{name} {tel} 부재중이라 문자 남깁니다⏎확인되시면 회신 부탁드려요
연락 주실 분은 이쪽으로요 → {tel} (저녁 7시 이후)
엄마 폰 고장나서 임시번호야 {tel} 여기로 톡해
{tel} / {tel:land} 둘 다 안 받으시네요...
문의전화) {tel:land}
번호 좀 알려주세요⏎{name}: {tel}이요!
학원 상담은{tel:glued}번으로 주세요
☏{tel:land} (내선 {d:3}), F: {tel:land}
긴급연락망 {name}(부) {tel:mobile}, {name}(모) {tel:mobile}
제 번호가 {tel}거든요 스팸 등록되어 있나 봐 주실 수 있나요
담당자 직통번호는 {tel:land}이며 점심시간에는 받지 않습니다.
기사님 성함 {name}, 연락처 {tel:safe}
tel. {tel:land}  fax. {tel:land}
세탁기 설치 기사가 {tel:mobile}에서 전화드릴 예정입니다
카톡 아이디 없으면 {tel:mobile}로 친구추가 하셔도 돼요
@@ rrn
사원 {name} {rrn:bare} 입사 처리
신청인 {name}({rrn:bare})의 서명
resident_no={rrn:plain}&name={name}
회원가입 때 주민번호 {rrn}을 넣으래서 그냥 나왔습니다.
주민등록번호: {rrn}
성명 {name} ({rrn:bare})
피고인 {name}, {rrn:bare}, 무직
주민번호는{rrn:glued}이고요
세대주 {name} 주민등록번호 {rrn}
대리인 {name}(주민등록번호 {rrn})에게 위 권한을 위임함
{name}|{rrn:bare}|재직 중
학부모 {name}, 주민등록번호 뒷자리까지 다 적어야 하나요? {rrn} 이렇게요?
환자명: {name} / 주민: {rrn} / 진료과: 정형외과
실명인증 오류 {rrn} 확인 바랍니다
사업소득자 {name} {rrn:bare} 지급액 {won}원
망 {name}({rrn:bare})의 상속인
주 민 등 록 번 호  {rrn}
주민번호 앞뒤 다 필요하대서 보냅니다 {rrn} {name}
{name}({rrn:bare}, 남)은 위 회사의 사내이사로 재직하였다.
주민등록번호를 입력하세요: {rrn}
주민 {rrn} / 통신사 SKT / 알뜰폰 아님
청구인 {name} ({rrn:bare}) 대리인 변호사 {name}
가입자 주민번호 뒷자리 오류: {rrn}
민증 번호 불러드릴게요 {rrn} 맞나 확인해 주세요
성명|주민등록번호|관계⏎{name}|{rrn:bare}|본인⏎{name}|{rrn:bare}|배우자⏎{name}|{rrn:bare}|자
@@ frn
외국인등록번호 {frn}
외국인 직원 NGUYEN VAN AN({frn:bare}) 4대 보험 신고 부탁드립니다.
등록번호가 {frn}인데 본인인증이 안 돼요
체류자 LI WEI, 외국인등록번호:{frn}, 체류자격 F-4
거소신고번호 {frn}로 조회
배우자(외국인) {frn:bare} 피부양자 취득
외국인등록증 번호 {frn} 만료일 {iso}
{name} / {frn:bare} / 베트남 / E-9
외국인등록번호를 {frn}로 정정하여 주시기 바랍니다.
저는 중국 사람이에요. 등록번호 {frn}입니다. 통장 만들 수 있어요?
외국인 유학생 {name}, 외국인등록번호 {frn}, 학적 재학
국내거소신고번호: {frn} (F-4)
ARC No. {frn:bare}
근로자 성명: BUI THI HOA / 외국인등록번호: {frn} / 직종: 농업
@@ passport
항공권 예약하려는데 여권번호가 {passport} 맞나요
여권번호:{passport:glued}입니다
Passport No. {passport} / KIM, JIWOO
여권 {passport} 분실신고 접수되었습니다.
탑승객 {name} 여권번호 {passport} 만료일 {iso}
PASSPORT NUMBER⏎{passport}
비자 신청: 성명 {name}, 여권 {passport}, 입국일 {iso}
신분증 종류: 여권, 번호: {passport}
새 여권은 {passport:glued}, 옛날 여권은 {passport:glued}로 시작이 달라요
여권번호 오타 났어요. {passport} 로 바꿔 주세요.
여권 정보⏎번호 : {passport}⏎영문 : HONG/GILDONG
대사관에 분실 여권({passport}) 신고하고 왔습니다
면세점 등록할 때 여권번호 {passport:glued} 넣으니 안 됨
성명 {name} / 국적 대한민국 / 여권번호 {passport} / 발급일 {iso}
passport number: {passport:glued}
여권번호가 어떻게 되세요?⏎{passport:glued}요
@@ driver
운전면허번호 {driver}
면허번호가 {driver}인데 갱신 대상인가요?
렌터카 제2운전자 {name}, 운전면허 {driver}
운전면허증 {driver} (1종 보통)
면허증번호:{driver}
가해 차량 운전자 {name}(면허번호 {driver})
자동차운전면허번호 {driver:number} 암호일련번호 7K3F9Q
드라이버 등록 양식⏎이름: {name}⏎면허: {driver}⏎차종: 1톤
운전면허 진위확인 {driver} 결과: 정상
driver license: {driver:number}
운전면허 번호 : {driver} / 적성검사 기간 {iso}까지
보험 가입하려고 면허번호 {driver} 넣었는데 조회가 안 된대요
쏘카 인증 면허 {driver} 반려됐습니다
면허종류 2종보통⏎면허번호 {driver}⏎발급일 {iso}
성명 {name}, 면허번호 {driver}, 정지기간 40일
운전자 {name} / {driver:number} / 1종대형
@@ brn
biz_no={brn:plain}&type=1
사업자등록번호 {brn}
세금계산서는 {brn}으로 끊어 주세요.
사업자번호:{brn} 상호:{name}상회
저희 사업자({brn:bare})로 현금영수증 부탁드려요
상호 한결상사 / 대표 {name} / {brn:bare}
등록번호 {brn} 업태 도소매 종목 잡화
통신판매업 신고 제{year}-서울마포-{d:4}호 | 사업자등록번호 {brn}
Biz No. {brn:bare}
공급받는자 사업자번호 {brn}
현금영수증(지출증빙) {brn} 발행완료
폐업한 {brn:bare} 업체 같은데 어떻게 환불받죠?
사업자 번호 {brn} 로 조회하면 대표자 {name} 나옵니다
상호: 새봄유통 | 대표: {name} | 사업자등록번호: {brn} | 문의: {tel:land}
사업자등록증 사본 첨부합니다. 번호는 {brn} 입니다.
발행처 (주)두레 {brn:bare}
영수증에 찍힌 사업자번호가 {brn}인데 어느 가게일까요
사업자 {brn:bare} 과세유형 일반과세자
@@ acc
bank=KB&account={acc:plain}
{bank} 로 입금해 주세요
회비는 {bank}
입금하실 곳 : {bank}⏎금액 : {won}원
계좌번호 {acc}
입금계좌: {acc} ({name})
축의금 보내실 곳⏎신랑 {name} {bank}⏎신부 {name} {bank}
선입금 순서대로 발송해요. {bank} 입금 후 댓글
환불 계좌 : {bank}
보증금은 임대인 명의의 {bank} 계좌로 지급한다.
사기 계좌 공유합니다. {bank} 이 사람 조심하세요
예금주 {name} 계좌 {acc}로 이체
후원계좌⏎{bank}
급여통장 {bank} 맞으시죠?
농협으로 보내면 되나요?⏎네 {acc}요. 예금주 {name}
관리비 자동이체 계좌 {acc} 등록 완료
모임통장 {bank}! 만원씩 부탁
출금계좌번호 {acc}, 이체 한도 초과
{bank} 여기로 {won}원 보내면 되지?
참가비 {won}원 → {bank}
계좌 알려줘⏎{bank}
무통장입금 {bank} / 24시간 내 미입금 시 취소
모금 통장은 {bank} 이며 매월 말일 내역을 공개합니다.
입금은행 : 국민은행⏎입금계좌 : {acc}⏎예금주 : {name}
월세는 {bank} 로 매달 {n}일에 자동이체 걸어두세요.
돌려받을 계좌 남깁니다. {bank}
조의금 계좌 {bank}
송금할 계좌번호는 {acc} 이고 예금주는 {name}입니다.
벌금 가상계좌 {bank} 납부기한 {iso}
{name}님 앞으로 {bank} 이체했어요 확인해 주세요
@@ card
{name}님 법인카드({card}) 재발급 완료
법인카드 {card} 사용 내역
카드번호는{card:glued}입니다
{card} 이 카드로 결제했는데 취소가 안 보여요
체크카드 {card} 분실했습니다. 정지해 주세요.
신용카드(국민) {card}, 3개월 할부
card_number={card:plain}&installment=0
카드사: 삼성 / 카드번호: {card} / CVC ***
카드 번호 {card} / 유효 {n2}월
해외결제 문자가 왔는데 {card} 제 카드가 맞아요
결제수단: 신용카드({card}), 할부: 일시불
자동납부 카드 {card} 등록
카드번호 16자리 {card} 입력했는데 승인 거절이래요
Card No: {card}
카드번호 좀요⏎{name}: {card}
복지카드 {card} 충전 안 되는 분?
하나카드 {card} 한도 상향 요청드립니다
@@ email
이력서는 {email}로 보내 주시기 바랍니다.
자료요청:{email:glued}으로연락
제보 {email}
문의처: {email}
{name} 기자 {email}
Contact: {email}
저도 파일 부탁드립니다!! {email} 꼭이요
세금계산서 받을 이메일: {email}
Author: {name} <{email:plain}>
mailto:{email:plain}?subject=hello
아이디 찾기 결과 {email} 로 발송했습니다
혹시 악보 있으면 {email} 여기로 보내주실 수 있나요ㅠ
자세한 내용은 {email} 문의 바랍니다.
{name} <{email:plain}> 님이 작성:
계정 {email} 이(가) 잠겼습니다
이멜 {email} 이요
원고는 한글 파일로 {email}에 보내면 된다.
E-mail : {email} / 홈페이지 : www.garam.example
저두요!! {email}
받는사람: {email:plain}; {email:plain}
{email:glued}으로보내주세요 감사합니다
@@ ip
작성자 IP : {ip:v4} (신고)
[{dt}] sshd: Failed password for root from {ip} port {d:5} ssh2
{ip} - - [12/Mar/{year}:10:22:{n2} +0900] "GET /index.html HTTP/1.1" 200 {d:4}
글쓴이 아이피 {ip} 차단했습니다.
서버 IP가 {ip:v4}에서 {ip:v4}로 바뀝니다
방화벽에 {ip} 열어 주세요 (80, 443)
ping {ip:v4} 응답 없음
A    mail    {ip:v4}
최근 로그인 {dt} / {ip} / 대한민국
해외 IP({ip})에서 로그인 시도가 있었습니다.
공격지 {ip:v4} 외 3건 탐지
{ip} 에서 도배하는 유저 신고합니다
도메인 A 레코드를 {ip:v4} 로 변경해 주세요.
client {ip} connected, session {hex:8}
remote_addr="{ip}" status=403
DNS 서버 주소 {ip:v4}, {ip:v4}
글쓴이 ({ip:v4})
iptables -A INPUT -s {ip:v4} -j DROP
IPv6 주소는 {ip:v6} 로 할당받았습니다
@@ plate
방금 {plate} 그랜저가 급정거함
차량번호 {plate}
{plate} 차주님 차 좀 빼 주세요
뺑소니 신고합니다. 흰색 아반떼 {plate} 목격하신 분
지하 2층에 {plate} 라이트 켜져 있어요
차번호{plate:glued}이고 오후에 입차합니다
배차: {name} 기사님, {plate}
경비실입니다. {plate} 그랜저 이중주차로 민원이 들어왔습니다.
과태료 부과 대상 차량 {plate}, 위반일시 {dt}
방문차량 등록 {plate}
버스 {plate} 운행 기사님 칭찬합니다
자동차등록번호 {plate} 차명 쏘렌토
택시({plate})에 지갑을 두고 내렸어요
제 차 {plate}인데 문콕하고 가신 분 연락 바랍니다
{plate} 스타렉스, 앞범퍼 파손
입차 {dt} {plate} 출차 미확인
주차장에 세워 둔 차({plate})가 긁혔습니다.
렌트 차량은 {plate} 흰색 K5 입니다.
{plate} 이 차 불법주정차 상습이에요
화물차({plate:glued})가 신호를 위반하여 진행하던 중
도난 차량 번호는 {plate}이다.
@@ address
저희 가게는 {address}에 있습니다.
{address}로 이사했어요
소재지 {address:full}
받는 곳 : {address} ({dong})
사업장 소재지는 {address:full}이다.
오시는 길 | {address}
본점을 {address:full}에 둔다.
(우){z:5} {address}
[{z:5}] {address}
부동산의 표시: {address:full}
집주소 {address}, 공동현관 비번은 따로 드릴게요
위 사람은 {address}에서 식당을 운영하는 자로서
사고 장소는 {address:full} 앞 도로이다.
{name} 귀하⏎{address}⏎{z:5}
행사장: {address} {building}
도로명주소 : {address}⏎지번주소 : {address}
토요일 2시 {address} 에서 모여요~
배달 주소 {address} 문 앞에 두고 가 주세요
원룸 보러 왔습니다 위치는 {address}
수령지: {address} / 수령인: {name}
피고인은 {address:full}에 있는 피해자의 집에서
{address} 사는 {name}입니다
영업장소: {address:full}
집 주소가 {address}이고 엘리베이터 없습니다
찾아오시는길⏎{address:full}⏎지하철 {n}호선 {n}번 출구
등기부상 주소({address:full})와 실제 거주지가 다릅니다.
이번 모임 장소는 {address} 예요
어디로 보낼까?⏎{address}
신주소 {address:full}
@@ customs
수하인 통관번호가 {customs}로 되어 있습니다
개인통관고유부호 {customs}
개인통관부호:{customs:glued}
직구 처음이라 통관번호 {customs}로 넣었는데 오류래요
수취인 {name} / {customs:glued} / {won}원
통관고유부호가 {customs}입니다.
PCCC: {customs}
배송메모에 {customs} 적어 주세요(개인통관번호)
해외구매 필수정보 - 개인통관고유번호 : {customs}
개인통관고유부호 오류라고 연락 왔어요 {customs} 이거 맞는데
통관고유번호: {customs} 수하인: {name}
주문자 개인통관부호 [{customs}]
통관부호 보내드려요~ {customs}
개통부 {customs:glued} 이름 {name}
아이허브 결제할 때 개인통관고유부호 {customs} 입력함
""")
