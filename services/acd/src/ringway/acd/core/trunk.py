"""A SIP trunk: what it is, who is let in as it, and the PJSIP objects that make it up. Pure."""

from __future__ import annotations

import ipaddress
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from ringway.proto.acd import DtmfMode, TrunkInbound

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Fields = dict[str, str]

# In the order in which they are put; they are taken away in the other.
KINDS = ("auth", "aor", "endpoint", "identify", "registration")

# What Asterisk here can speak, or pass on as it is (g729).
CODECS = frozenset({"ulaw", "alaw", "g722", "gsm", "opus", "g729"})

_RTP_TIMEOUT_S = 20  # a trunk that died without a BYE is noticed by its silence
_WIDEST = {4: 16, 6: 48}  # a network wider than this is a slip, or a grab for others' calls
_SOURCE = re.compile(r"\[(?P<v6>[0-9A-Fa-f:.]+)\]:(?P<port6>\d+)|(?P<v4>[0-9.]+):(?P<port4>\d+)")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,253}[A-Za-z0-9])?")
_SPECIAL = re.compile(r"[\\.\[\](){}*+?|^$]")  # of POSIX's extended expressions
_TEXT = re.compile(r'[^\x00-\x20\x7f"<>,;]*')


class TrunkInvalid(Exception):
    """The settings of a trunk do not fit together; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """Addresses, and the one port of them or any, from which a call is a trunk's."""

    network: Network
    port: int | None = None

    @property
    def match(self) -> str:
        """As Asterisk reads it: a port stands between address and prefix length."""
        address, length = self.network.network_address, self.network.prefixlen
        if self.port is None:
            return f"{address}/{length}"
        host = f"[{address}]" if self.network.version == 6 else str(address)
        return f"{host}:{self.port}/{length}"


@dataclass(frozen=True, slots=True)
class Trunk:
    """A SIP connection to a carrier.

    ``is_operators``: the platform's operator holds the account, perhaps for several tenants.
    ``known_sources`` is what its calls are known by: ``sources`` as they were checked, or the
    host's own addresses.
    """

    tenant: str
    trunk_id: str
    name: str
    host: str
    port: int
    codecs: tuple[str, ...]
    transport: str = "udp"
    sources: tuple[str, ...] = ()
    username: str = ""
    password: str = field(default="", repr=False)
    from_user: str = ""
    from_domain: str = ""
    register_at: bool = False
    max_channels: int | None = None
    dtmf: DtmfMode = DtmfMode.RFC4733
    qualify_s: int = 0
    caller_id: str = ""
    is_enabled: bool = True
    is_operators: bool = False
    inbound: TrunkInbound = TrunkInbound.NONE
    known_sources: tuple[Source, ...] = ()

    @property
    def endpoint(self) -> str:
        """Its name in Asterisk; dial ``PJSIP/<number>@<endpoint>``."""
        return f"trunk-{self.trunk_id}"

    @property
    def registration(self) -> tuple[str, str] | None:
        """Who registers, and where.

        Asterisk's page of metrics knows registrations by the former alone, and the end of an old
        one may be told after the new one stands. So each is written in a way that is mostly its
        own, by escapes that SIP takes for the same and Asterisk does not send. A short username
        has few such ways: who replaces a registration by one with the same name waits for its end.
        """
        if not (self.is_enabled and self.register_at):
            return None
        domain = self.from_domain or _uri_host(self.host)
        bits = zlib.crc32(f"{self.tenant} {self.trunk_id} {self._uri}".encode())
        return f"sip:{_escaped(self.username, bits)}@{domain}", self._uri

    @property
    def _uri(self) -> str:
        suffix = "" if self.transport == "udp" else f";transport={self.transport}"
        return f"sip:{_uri_host(self.host)}:{self.port}{suffix}"


def check(trunk: Trunk) -> None:
    """Check what Asterisk would not refuse but read otherwise, and what must fit together.

    Raises:
        TrunkInvalid: With the field that is wrong.
    """
    if not _HOST.fullmatch(trunk.host):
        raise TrunkInvalid("host: give a host name or an address, without port or parameters.")
    for name in ("username", "from_user", "from_domain"):
        if not _TEXT.fullmatch(getattr(trunk, name)):
            raise TrunkInvalid(f'{name}: blanks and any of "<>,; are not possible here.')
    if not trunk.codecs or not CODECS.issuperset(trunk.codecs):
        raise TrunkInvalid(f"codecs: choose from {', '.join(sorted(CODECS))}.")
    if trunk.register_at and not (trunk.username and trunk.password):
        raise TrunkInvalid("register_at: give username and password to register with.")
    if trunk.username and not trunk.password:
        raise TrunkInvalid("password: a username needs one.")
    for text in trunk.sources:
        source(text)


def source(text: str) -> Source:
    """Read an address, a network or an address with a port.

    Raises:
        TrunkInvalid: It is none of these, or the network is too wide.
    """
    found = _SOURCE.fullmatch(text)
    try:
        if found is not None:
            port = int(found["port6"] or found["port4"])
            if not 1 <= port <= 65535:
                raise ValueError
            return Source(ipaddress.ip_network(found["v6"] or found["v4"]), port)
        network = ipaddress.ip_network(text)
    except ValueError:
        raise TrunkInvalid(
            f"sources: {text!r} is no address, network or address:port, such as 192.0.2.1, "
            "192.0.2.0/28 or 192.0.2.1:5060."
        ) from None
    if network.prefixlen < _WIDEST[network.version]:
        raise TrunkInvalid(
            f"sources: {text} is too wide; at most a /{_WIDEST[network.version]} is possible."
        )
    return Source(network)


def host_sources(trunk: Trunk, addresses: Sequence[str]) -> tuple[Source, ...]:
    """Return what the host itself is known by. Over TCP it calls from a port of its choice."""
    port = trunk.port if trunk.transport == "udp" else None
    return tuple(Source(ipaddress.ip_network(each), port) for each in addresses)


def inbound_of(trunk: Trunk) -> TrunkInbound:
    """Return how the trunk's calls are to be known, before anyone else's claim."""
    if trunk.register_at:
        return TrunkInbound.REGISTRATION
    # An account of several tenants cannot tell whose call comes in.
    if trunk.username and not trunk.sources and not trunk.is_operators:
        return TrunkInbound.DIGEST
    return TrunkInbound.ADDRESS


def objects(trunk: Trunk) -> Mapping[str, Fields]:
    """Return the fields of each PJSIP object of a trunk by kind; none while it is disabled."""
    if not trunk.is_enabled:
        return {}
    name = trunk.endpoint
    made: dict[str, Fields] = {}
    if trunk.username:
        made["auth"] = {
            "auth_type": "userpass",
            "username": trunk.username,
            "password": trunk.password,
        }
    made["aor"] = {
        "contact": trunk._uri,
        "qualify_frequency": str(trunk.qualify_s),
        "qualify_timeout": str(min(3, trunk.qualify_s or 3)),
    }
    made["endpoint"] = _endpoint(trunk)
    if trunk.inbound is TrunkInbound.DIGEST:
        pattern = _SPECIAL.sub(r"\\\g<0>", trunk.username)
        made["identify"] = {
            "endpoint": name,
            "match_header": f'Authorization: /username="{pattern}"/',
        }
    elif trunk.known_sources:
        matches = ",".join(each.match for each in trunk.known_sources)
        made["identify"] = {"endpoint": name, "match": matches, "srv_lookups": "no"}
    if trunk.registration is not None:
        client, server = trunk.registration
        made["registration"] = {
            "client_uri": client,
            "server_uri": server,
            "contact_user": _user(trunk.username),
            "outbound_auth": name,
            # The mark in our Contact by which the carrier's calls find this endpoint.
            "line": "yes",
            "endpoint": name,
            "expiration": "600",
            # A carrier that is away or refuses is asked again for ever, not too often.
            "retry_interval": "20",
            "forbidden_retry_interval": "60",
            "fatal_retry_interval": "60",
            "max_retries": "1000000",
            "auth_rejection_permanent": "no",
            "max_random_initial_delay": "1",
        }
    return made


def _endpoint(trunk: Trunk) -> Fields:
    name = trunk.endpoint
    fields = {
        "aors": name,
        "context": "from-trunk",
        "allow": "!all," + ",".join(trunk.codecs),
        "dtmf_mode": str(trunk.dtmf),
        "direct_media": "no",
        "rtp_symmetric": "yes",
        "rtp_timeout": str(_RTP_TIMEOUT_S),
        "rtp_keepalive": "10",
        "trust_id_inbound": "yes",
        "trust_id_outbound": "yes",
        "send_pai": "yes",
        # Else each join to an agent is a re-INVITE that tells the carrier the agent's account.
        "send_connected_line": "no",
        # Never by the name in From: whoever knows the trunk's id could call as the trunk.
        "identify_by": "ip,header",
        # Not set_var: Asterisk refuses to put an endpoint that has it a second time. The dialplan
        # tells the tenant by the account code and the trunk by the endpoint's name.
        "accountcode": trunk.tenant,
    }
    domain = trunk.from_domain or (_uri_host(trunk.host) if trunk.username else "")
    # Also those that are empty: what is left out would stay as it was.
    return fields | {
        "outbound_auth": name if trunk.username else "",
        "auth": name if trunk.inbound is TrunkInbound.DIGEST else "",
        "from_user": trunk.from_user,
        "from_domain": domain,
    }


def must_be_made_anew(kind: str, there: Fields, wanted: Fields) -> bool:
    """Return whether an object must be deleted before it is put.

    Asterisk adds the contacts and addresses of an object that is put again to those it has, and
    keeps a registration that runs. An endpoint that is put again calls all callers "unknown".
    """
    match kind:
        case "aor":
            return there.get("contact") != wanted["contact"]
        case "identify":
            headers = there.get("match_header", ""), wanted.get("match_header", "")
            return headers[0] != headers[1] or _networks(there) != _networks(wanted)
        case "registration":
            keys: tuple[str, ...] = ("client_uri", "server_uri", "contact_user")
        case "auth":
            keys = ("username", "password")
        case "endpoint":
            return any(
                _words(key, there.get(key, "")) != _words(key, wanted[key]) for key in wanted
            )
        case _:
            keys = ()
    return any(there.get(key) != wanted[key] for key in keys)


def _words(key: str, text: str) -> list[str]:
    """Return what a field says, however Asterisk writes lists and truths."""
    truths = {"true": "yes", "false": "no"}
    words = [truths.get(word, word) for word in re.findall(r"[^\s,()|!]+", text) if word != "all"]
    return words if key == "allow" else sorted(words)  # the order of codecs is their preference


def _networks(fields: Fields) -> set[tuple[str, str]]:
    """Return the addresses of an identify with their ports, however the mask is written."""
    found = set()
    for text in filter(None, fields.get("match", "").split(",")):
        address, _, mask = text.strip().rpartition("/")
        host, port = address, ""
        if address.startswith("["):
            host, _, port = address[1:].partition("]")
        elif address.count(":") == 1:
            host, _, port = address.partition(":")
        length = int(mask) if mask.isdigit() else int(ipaddress.ip_address(mask)).bit_count()
        found.add((f"{ipaddress.ip_address(host)}/{length}", port.lstrip(":")))
    return found


def _uri_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _user(username: str) -> str:
    return quote(username, safe="+-_.!~*'()&=$?/")


def _escaped(username: str, bits: int) -> str:
    """Return the username as a URI has it, with letters and digits escaped where bits are set."""
    return "".join(
        f"%{ord(char):02X}"
        if char.isascii() and char.isalnum() and bits >> (i % 32) & 1
        else _user(char)
        for i, char in enumerate(username)
    )
