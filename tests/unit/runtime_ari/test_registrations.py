"""What Asterisk's page of metrics says about registrations."""

from __future__ import annotations

import pytest

from ringway.runtime.ari.system import registrations

pytestmark = pytest.mark.unit

_PAGE = """\
# HELP asterisk_pjsip_outbound_registration_status Current registration status. 0=Unregistered; ...
# TYPE asterisk_pjsip_outbound_registration_status gauge
asterisk_pjsip_outbound_registration_status{eid="02:fc",username="sip:u@h:5070",\
domain="sip:h:5070",channel_type="PJSIP"} 1
asterisk_pjsip_outbound_registration_status{eid="02:fc",username="sip:v@h:5071",\
domain="sip:h:5071",channel_type="PJSIP"} 2
asterisk_endpoints_state{eid="02:fc",id="PJSIP/t",tech="PJSIP",resource="t"} 1
"""


def test_only_a_status_of_one_is_registered() -> None:
    assert registrations(_PAGE) == {
        "sip:u@h:5070": True,
        "sip:v@h:5071": False,
    }


def test_page_without_registrations_tells_of_none() -> None:
    assert registrations("# nothing\nasterisk_calls_count 3\n") == {}
