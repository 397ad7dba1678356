"""Certificates between clients and Weir: every mode on both sides, who proves itself and who fails to, and
certificates that change while clients are served."""

import os
import shutil

import psycopg
import pytest

from harness.certificates import Authority
from harness.encrypted import listener_tls, raw_tls
from harness.waiting import until
from harness.weir import Weir

pytestmark = pytest.mark.sanitized


PLAIN, ENCRYPTED = False, True


@pytest.mark.parametrize("listener, outcomes", [
    ("disable", {"disable": PLAIN, "allow": PLAIN, "prefer": PLAIN, "require": None, "verify-ca": None,
                 "verify-full": None}),
    ("allow", {"disable": PLAIN, "allow": PLAIN, "prefer": ENCRYPTED, "require": ENCRYPTED,
               "verify-ca": ENCRYPTED, "verify-full": ENCRYPTED}),
    ("require", {"disable": None, "allow": ENCRYPTED, "prefer": ENCRYPTED, "require": ENCRYPTED,
                 "verify-ca": ENCRYPTED, "verify-full": ENCRYPTED}),
    ("verify", {"disable": None, "allow": ENCRYPTED, "prefer": ENCRYPTED, "require": ENCRYPTED,
                "verify-ca": ENCRYPTED, "verify-full": ENCRYPTED}),
])
def test_each_mode_of_a_listener_serves_each_mode_of_a_client(request, authority, scalar, listener, outcomes):
    weir = request.getfixturevalue("weir" if listener == "disable" else listener)
    certificate, key = authority.sign("matrix", "/CN=app", names="")
    for mode, encrypted in outcomes.items():
        options = {"sslmode": mode, "sslcert": certificate, "sslkey": key}
        if mode.startswith("verify"):
            options["sslrootcert"] = authority.crt
        if encrypted is None:
            words = "server does not support SSL" if listener == "disable" else "encrypted"
            with pytest.raises(psycopg.OperationalError, match=words):
                weir.connect(**options)
            continue
        with weir.connect(**options) as connection:
            assert connection.pgconn.ssl_in_use is encrypted, mode
            assert scalar(connection, "SELECT 1") == 1


@pytest.mark.parametrize("fault, words", [
    ("another host", 'does not match host name "127.0.0.1"'),
    ("expired", "certificate verify failed"),
    ("another authority", "certificate verify failed"),
])
def test_a_verifying_client_refuses_a_listener_that_fails_to_prove_itself(start_weir, postgres, authority, folder,
                                                                         fault, words):
    signer = authority if fault != "another authority" else Authority(folder / "unknown", name="unknown")
    names = {"subject": "/CN=elsewhere", "names": "DNS:elsewhere"} if fault == "another host" else {}
    shown = signer.sign("unproven", days=-1 if fault == "expired" else 2, **names)
    weir = start_weir(postgres, listen=listener_tls(shown, "require"))
    with pytest.raises(psycopg.OperationalError, match=words):
        weir.connect(sslmode="verify-full", sslrootcert=authority.crt)
    with weir.connect(sslmode="require") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,), "who does not ask is served"


def test_the_certificates_name_must_be_the_users(verify, authority, scalar):
    certificate, key = authority.sign("app", "/CN=app", names="")
    trusted = {"sslmode": "verify-full", "sslrootcert": authority.crt}
    with verify.connect(sslcert=certificate, sslkey=key, **trusted) as connection:
        assert scalar(connection, "SELECT 1") == 1
    other, other_key = authority.sign("other", "/CN=somebody", names="")
    with pytest.raises(psycopg.OperationalError, match='that of "somebody", not of user "app"'):
        verify.connect(sslcert=other, sslkey=other_key, **trusted)
    with pytest.raises(psycopg.OperationalError, match="certificate required"):
        verify.connect(sslcert="/nowhere", **trusted)


@pytest.mark.parametrize("fault, told, logged", [
    ("another authority", "unknown ca", "unable to get local issuer certificate"),
    ("expired", "certificate expired", "certificate has expired"),
])
def test_a_client_certificate_that_does_not_hold_is_refused_in_words(verify, authority, folder, fault, told, logged):
    signer = authority if fault == "expired" else Authority(folder / "stranger", name="stranger")
    certificate, key = signer.sign("app", "/CN=app", names="", days=-1 if fault == "expired" else 2)
    before = verify.metrics()

    def is_logged():  # few of the lines that anybody can provoke are
        with pytest.raises(psycopg.OperationalError, match=told):
            verify.connect(sslmode="verify-full", sslrootcert=authority.crt, sslcert=certificate, sslkey=key)
        return f"certificate verify failed: {logged}" in verify.log()
    until(is_logged, lambda: verify.log())
    until(lambda: verify.since(before).value("weir_client_connections_closed_total", listener="postgresql",
                                             reason="protocol_error") > 0, lambda: verify.admin("/metrics")[1])


def served_serial(weir, authority):
    with raw_tls(weir, authority) as client:
        return client.socket.getpeercert()["serialNumber"]


def put(source, target):
    shutil.copy(source, f"{target}.new")
    os.replace(f"{target}.new", target)


def test_a_changed_certificate_is_served_and_a_broken_one_is_not(start_weir, postgres, authority,
                                                                 folder):
    certificate, key = folder / "reloaded.crt", folder / "reloaded.key"
    first, second, third = (authority.sign(f"reload{number}") for number in range(3))
    put(first[0], certificate)
    put(first[1], key)
    weir = start_weir(postgres, listen=listener_tls((certificate, key), "require"))
    serial = served_serial(weir, authority)
    with weir.connect(sslmode="require") as old:
        put(second[0], certificate)
        put(second[1], key)
        until(lambda: served_serial(weir, authority) != serial, lambda: weir.log())
        assert old.execute("SELECT 1").fetchone() == (1,), "who is there stays"
    assert weir.value("weir_listener_certificate_failures_total", listener="trusted") == 0

    serial = served_serial(weir, authority)
    key.write_text("no key at all\n")
    until(lambda: weir.value("weir_listener_certificate_failures_total", listener="trusted") == 1,
          lambda: weir.log())
    assert served_serial(weir, authority) == serial
    put(third[1], key)
    put(third[0], certificate)
    until(lambda: served_serial(weir, authority) != serial, lambda: weir.log())
    assert weir.value("weir_listener_certificate_failures_total", listener="trusted") == 1
    kept = [line for line in weir.log().splitlines() if "listener.certificate_kept" in line
            and "listener=trusted" in line]
    assert len(kept) == 1 and str(key) in kept[0]


@pytest.mark.parametrize("missing", ["cert", "key", "ca"])
def test_a_file_that_cannot_be_read_ends_the_start_with_its_name(folder, postgres, pair, authority,
                                                                 missing):
    listen = listener_tls(pair, "verify", ca=authority.crt)
    listen["tls"][missing] = "/nowhere/file.pem"
    weir = Weir(folder / f"missing-{missing}", postgres, listen=listen).start(ready=False)
    assert weir.program.process.wait(30) == 1
    assert "/nowhere/file.pem can't be read: No such file or directory" in weir.log()
    weir.program = None


def test_a_key_of_another_certificate_ends_the_start(folder, postgres, pair, authority):
    other = authority.sign("unrelated")
    weir = Weir(folder / "mismatch", postgres, listen=listener_tls((pair[0], other[1]), "allow"))
    weir.start(ready=False)
    assert weir.program.process.wait(30) == 1
    assert str(other[1]) in weir.log()
    weir.program = None
