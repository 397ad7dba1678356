"""TLS between Weir and PostgreSQL: every mode, every way in which a server can fail to prove itself."""

from threading import Timer

import psycopg
import pytest

from conftest import TENANTS
from harness.certificates import Authority
from harness.waiting import until

pytestmark = [pytest.mark.sanitized, pytest.mark.long]

ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@pytest.fixture(scope="module")
def start_server(start_module_postgres):
    def start(certificate, key, **settings):
        return start_module_postgres(TENANTS[:1], ssl="on", ssl_cert_file=certificate,
                                     ssl_key_file=key, **settings)
    return start


@pytest.fixture(scope="module")
def server(start_server, authority):
    return start_server(*authority.sign("server", owner="postgres"), ssl_ca_file=authority.crt)


def over(server, mode, host="127.0.0.1", **tls):
    return {"address": f"{host}:{server.port}",
            "tls": {"mode": mode, **{name: str(path) for name, path in tls.items()}}}


BRIEF = [{"name": "tenants", "match": "tenant_{tenant}", "acquire_timeout": "3s"}]


@pytest.fixture
def refused(start_weir):
    """refused(server, upstream, words): clients are told `words`, which are logged, and all failures count
    as failures of TLS."""
    def check(server, upstream, words):
        weir = start_weir(server, upstream=upstream, pool=BRIEF)

        def is_told():
            with pytest.raises(psycopg.OperationalError) as caught:
                weir.connect()
            return words in str(caught.value)
        # On a busy machine a handshake may fail within one step of libpq, which then forgets why.
        until(is_told, lambda: weir.log())
        scrape = weir.metrics()
        assert scrape.value("weir_connection_create_failures_total", reason="tls") == \
            scrape.value("weir_connection_create_failures_total") > 0
        logged = words.replace('"', '\\"')
        assert any("reason=tls" in line and logged in line for line in weir.log().splitlines())
        until(lambda: server.sessions("usename = 'app'") == 0, "none is let in")
    return check


@pytest.mark.parametrize("mode", ["disable", "prefer", "require", "verify-ca", "verify-full"])
def test_each_mode_connects_as_it_says(start_weir, server, authority, scalar, mode):
    extra = {"ca": authority.crt} if mode.startswith("verify") else {}
    weir = start_weir(server, upstream=over(server, mode, **extra))
    with weir.connect() as connection:
        assert scalar(connection, ENCRYPTED) == (mode != "disable")
        # More than a record, than a socket's buffer and than the marks of back-pressure, both ways.
        text = "x" * 3_000_000
        assert scalar(connection, "SELECT %s::text", [text]) == text
        assert connection.execute("SELECT generate_series(1, 100000)").fetchall()[-1] == (100000,)
    assert weir.value("weir_connection_create_failures_total") == 0


def test_prefer_takes_what_a_server_without_tls_offers(start_weir, postgres, scalar):
    weir = start_weir(postgres, upstream={"tls": {"mode": "prefer"}})
    with weir.connect() as connection:
        assert scalar(connection, ENCRYPTED) is False


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_server_without_tls_is_refused(refused, start_module_postgres, authority, mode):
    bare = start_module_postgres(TENANTS[:1])
    extra = {"ca": authority.crt} if mode != "require" else {}
    refused(bare, over(bare, mode, **extra), "server does not support SSL, but SSL was required")


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full", "require"])
def test_a_server_of_another_authority_is_refused(refused, server, folder, mode):
    other = Authority(folder / f"other-{mode}", name="somebody else")
    refused(server, over(server, mode, ca=other.crt),
            "certificate verify failed: self-signed certificate in certificate chain")


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full", "require"])
def test_an_expired_certificate_is_refused(refused, start_server, authority, mode):
    server = start_server(*authority.sign(f"expired-{mode}", days=-1, owner="postgres"))
    refused(server, over(server, mode, ca=authority.crt), "certificate verify failed: certificate has expired")


def test_a_certificate_of_another_host_is_refused_where_the_host_counts(refused, start_weir, start_server,
                                                                        authority, scalar):
    pair = authority.sign("elsewhere", "/CN=elsewhere", "DNS:elsewhere", owner="postgres")
    server = start_server(*pair)
    refused(server, over(server, "verify-full", "localhost", ca=authority.crt),
            'does not match host name "localhost"')
    weir = start_weir(server, upstream=over(server, "verify-ca", "localhost", ca=authority.crt))
    with weir.connect() as connection:
        assert scalar(connection, ENCRYPTED) is True


def only_encrypted(server):
    """From now on clients must speak TLS; the tests' superuser need not."""
    (server.data / "pg_hba.conf").write_text(
        "local all postgres trust\nhost all postgres 127.0.0.1/32 trust\n"
        "hostssl all all 127.0.0.1/32 scram-sha-256\n")
    server.execute("SELECT pg_reload_conf()")


def test_disable_is_told_by_a_server_that_wants_tls_what_is_missing(start_weir, start_server, authority):
    server = start_server(*authority.sign("strict", owner="postgres"))
    only_encrypted(server)
    weir = start_weir(server, upstream=over(server, "disable"))
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        weir.connect()


def test_failures_of_tls_open_the_breaker(start_weir, server, folder):
    other = Authority(folder / "other-breaker")
    weir = start_weir(server, upstream={**over(server, "verify-ca", ca=other.crt),
                                        "breaker": {"failures": 2, "open_for": "30s",
                                                    "max_open_for": "30s"}})
    with pytest.raises(psycopg.OperationalError):
        weir.connect(connect_timeout=3)
    until(lambda: weir.value("weir_upstream_breaker_state", state="open") == 1,
          lambda: weir.admin("/metrics")[1])
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        weir.connect()


def test_a_client_certificate_is_shown_to_the_server(start_weir, start_module_postgres, authority,
                                                     scalar):
    certificate, key = authority.sign("server2", owner="postgres")
    server = start_module_postgres(TENANTS[:1], ssl="on", ssl_cert_file=certificate,
                                   ssl_key_file=key, ssl_ca_file=authority.crt)
    (server.data / "pg_hba.conf").write_text(
        "local all postgres trust\nhost all postgres 127.0.0.1/32 trust\n"
        "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n")
    server.execute("SELECT pg_reload_conf()")
    own, own_key = authority.sign("weir", "/CN=weir", names="")
    weir = start_weir(server, upstream=over(server, "require", cert=own, key=own_key))
    with weir.connect() as connection:
        dn = scalar(connection,
                    "SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert dn == "/CN=weir"
    bare = start_weir(server, upstream=over(server, "require"), pool=BRIEF)
    with pytest.raises(psycopg.OperationalError, match="requires a valid client certificate"):
        bare.connect()
    late, late_key = authority.sign("late-weir", "/CN=weir", names="", days=-1)
    expired = start_weir(server, upstream=over(server, "require", cert=late, key=late_key), pool=BRIEF)
    with pytest.raises(psycopg.OperationalError, match="certificate expired"):
        expired.connect()


def test_a_query_under_tls_is_cancelled(start_weir, server, authority):
    weir = start_weir(server, upstream=over(server, "verify-full", ca=authority.crt))
    with weir.connect() as connection:
        timer = Timer(0.3, connection.cancel)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(30)")
        timer.join()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_ends_its_sessions_is_noticed_and_replaced(start_weir, server, scalar):
    weir = start_weir(server, upstream=over(server, "require"))
    with weir.connect() as connection:
        backend = scalar(connection, "SELECT pg_backend_pid()")
        server.execute("SELECT pg_terminate_backend(%s)", parameters=[backend])
        until(lambda: not server.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s",
                                         parameters=[backend]), lambda: "the backend ends")
        assert scalar(connection, "SELECT pg_backend_pid()") != backend
    assert weir.value("weir_protocol_desync_total") == 0
