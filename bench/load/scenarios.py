"""What SIPp plays: a caller who hangs up after a while, agents' phones that answer at once, and
people who are called.

None sends media: it would cost Asterisk the same on all ways and hide what differs.
"""

from __future__ import annotations

_SDP = """v=0
o=sipp 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=sendrecv"""

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n'

_CALLER = """<scenario name="caller">
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:+861380[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

@SDP@
]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rrs="true" timeout="@LIMIT@"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:+861380[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<pause milliseconds="@TALK@"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:+861380[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
</scenario>
"""

_PHONE = """<scenario name="phone">
<recv request="INVITE"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]p[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

@SDP@
]]></send>
<recv request="ACK"/>
<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""

# The last digit of the number decides: 0-4 answers, 5-7 is busy, 8-9 lets it ring.
_CALLED = """<scenario name="called">
<recv request="INVITE">
 <action>
  <ereg regexp="[567]@" search_in="hdr" header="To:" assign_to="1"/>
  <ereg regexp="[89]@" search_in="hdr" header="To:" assign_to="2"/>
  <log message="came [timestamp]"/>
 </action>
</recv>
<nop test="1" next="1"/>
@RINGING@
<nop test="2" next="2"/>
<pause milliseconds="@RING@"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
@HEADERS@
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

@SDP@
]]></send>
<recv request="ACK"/>
<recv request="BYE"/>
<send next="9"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
<label id="1"/>
<send retrans="500"><![CDATA[
SIP/2.0 486 Busy Here
@HEADERS@
[last_CSeq:]
Content-Length: 0

]]></send>
<recv request="ACK" next="9"/>
<label id="2"/>
<recv request="CANCEL"/>
<send><![CDATA[
SIP/2.0 200 OK
@HEADERS@
[last_CSeq:]
Content-Length: 0

]]></send>
<send retrans="500"><![CDATA[
SIP/2.0 487 Request Terminated
@HEADERS@
CSeq: [last_cseq_number] INVITE
Content-Length: 0

]]></send>
<recv request="ACK"/>
<label id="9"/>
</scenario>
"""
_RINGING = """<send><![CDATA[
SIP/2.0 180 Ringing
@HEADERS@
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Length: 0

]]></send>"""
_HEADERS = """[last_Via:]
[last_From:]
[last_To:];tag=[pid]d[call_number]
[last_Call-ID:]"""


def caller(talk_s: float, answer_limit_s: float) -> str:
    """Return the scenario of customers who hang up ``talk_s`` seconds after the answer."""
    words = {"SDP": _SDP, "TALK": str(int(talk_s * 1000)), "LIMIT": str(int(answer_limit_s * 1000))}
    return _filled(_CALLER, words)


def phone() -> str:
    """Return the scenario of phones that answer at once and wait for the other side to hang up."""
    return _filled(_PHONE, {"SDP": _SDP})


def called(ring_s: float) -> str:
    """Return the scenario of people who are called: half answer, 30 % are busy, 20 % do not answer.

    Every INVITE is a line of SIPp's log, ending with its Unix time.
    """
    words = {"RINGING": _RINGING, "HEADERS": _HEADERS, "RING": str(int(ring_s * 1000))}
    return _filled(_CALLED, {**words, "SDP": _SDP})


def _filled(scenario: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        scenario = scenario.replace(f"@{word}@", value)
    return _HEAD + scenario
