"""A server that cannot prove who it is gets no request, and nothing is tried without TLS instead."""

import pytest
from fake_coingecko import FakeCoinGecko


@pytest.fixture
def wrong(authority):
    return {
        "expired": authority.server("expired", days=-1),
        "wrong host": authority.server("other", names="DNS:other.example"),
        "self-signed": authority.self_signed(),
        "no TLS at all": None,
    }


@pytest.mark.parametrize("fault", ["expired", "wrong host", "self-signed", "no TLS at all"])
def test_a_server_that_is_not_proven_is_refused(fault, run, wrong):
    with FakeCoinGecko(wrong[fault]) as server:
        running = run(server)
        running.until(lambda: "cannot be reached: TLS" in running.log)
        tables = running.tables()
        assert server.seen == []
    assert tables["bronze"] == []
    assert running.log.count("cannot be reached") == 1


def test_the_systems_certificates_do_not_vouch_for_ours(run, good_certificate):
    with FakeCoinGecko(good_certificate) as server:
        running = run(server, ca_file="")
        running.until(lambda: "TLS certificate refused" in running.log)
        running.stop()
        assert server.seen == []
