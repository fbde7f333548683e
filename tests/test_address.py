"""host:port as people write it, and what a certificate and grpc call the same host."""

from __future__ import annotations

import pytest

from tasker import certs, issuing
from tasker.address import Address, certificate_name, for_grpc, network, parse
from tasker.errors import Reason, TaskerError


@pytest.mark.parametrize(
    ("text", "host", "authority"),
    [
        ("localhost:8275", "localhost", "localhost:8275"),
        ("localhost.:8275", "localhost", "localhost:8275"),
        ("LocalHost.:1", "LocalHost", "LocalHost:1"),
        ("db1.localhost.:1", "db1.localhost", "db1.localhost:1"),
        ("db_1.example.org:65535", "db_1.example.org", "db_1.example.org:65535"),
        ("db1.example.org.:1", "db1.example.org.", "db1.example.org:1"),
        ("192.0.2.7:1", "192.0.2.7", "192.0.2.7:1"),
        ("[::1]:1", "::1", "[::1]:1"),
        ("[::ffff:192.0.2.7]:1", "::ffff:192.0.2.7", "[::ffff:192.0.2.7]:1"),
        ("[fe80::1%eth0]:1", "fe80::1%eth0", "[fe80::1]:1"),
        ("[fe80::1%3]:1", "fe80::1%3", "[fe80::1]:1"),
        ("[fe80::1%br-lan.10]:1", "fe80::1%br-lan.10", "[fe80::1]:1"),
        ("unix:/run/tasker-local/socket", "localhost", "localhost"),
    ],
)
def test_addresses(text: str, host: str, authority: str) -> None:
    read = parse(text)
    assert (read.host, read.authority) == (host, authority)
    assert parse(str(read)) == read


@pytest.mark.parametrize(
    "text",
    [
        *("", "host", "host:", "host:0", "host:99999", ":1", ".:1", "..:1", "a..b:1", "a b:1", "::1:1", "host:٨"),
        *("fe80::1%eth0:1", "[fe80::1%]:1", "[fe80::1%eth/0]:1", "[fe80::1%a]b]:1", f"[fe80::1%{'x' * 16}]:1"),
        *("host%eth0:1", "[host]:1", "[192.0.2.7]:1", "[::::]:1", "[::1:1", "host.:1\n", f"{'a' * 64}:1"),
        ".".join(["a" * 63] * 4) + ".b:1",
        *("unix:", "unix:socket", "unix:/a b", "unix:/a%20b", "unix:/a\n", "unix://h:1", "unix:/a?"),
        f"unix:/{'a' * 107}",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(TaskerError, match="cannot use the address") as caught:
        parse(text)
    assert caught.value.reason is Reason.INVALID


def test_grpc_decodes_what_it_gets() -> None:
    """A zone like "eb0" would be the byte 0xeb else."""
    assert for_grpc(str(parse("[fe80::1%eb0]:1"))) == "[fe80::1%25eb0]:1"
    assert Address("fe80::1%eb0", 1).zone == "eb0"
    assert Address("localhost", 1).zone == ""


def test_a_certificate_has_neither_dot_nor_zone() -> None:
    assert certificate_name("host%eth0") == "host%eth0"  # no address, so this is no zone
    pair = issuing.make_server(issuing.make_ca(), ["db1.example.org.", "fe80::1%eth0", "fe80::1", "localhost."])
    hosts = certs.describe(pair.certificate).hosts
    assert hosts == ("db1.example.org", "localhost", "fe80::1", "127.0.0.1", "::1")


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
        ("unknown", "unknown"),
        ("192.0.2.7.8", "192.0.2.7.8"),
        ("", ""),
    ],
)
def test_what_counts_as_one_source(host: str, source: str) -> None:
    assert network(host) == source
