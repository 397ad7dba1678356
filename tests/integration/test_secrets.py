"""Passwords and tokens are shown nowhere, whatever happens and however much is logged."""

import psycopg
import pytest

from harness.raw import RawClient, Refused
from harness.waiting import until

SECRETS = ["swordfish-one", "swordfish-two", "swordfish-three", "swordfish-four", "swordfish-five"]


@pytest.fixture
def loud(start_weir, postgres, folder):
    file = folder / "secret"
    file.write_text(SECRETS[1] + "\n")
    weir = start_weir(
        postgres, log={"level": "debug", "format": "json"},
        admin={"token": SECRETS[0], "read_token": SECRETS[4]},
        environment={"SECRET_OF_A_POOL": SECRETS[2]}, ready=False,
        pool=[{"name": "file", "match": "tenant_a", "password": {"file": str(file)}},
              {"name": "environment", "match": "tenant_b", "password": {"env": "SECRET_OF_A_POOL"}},
              {"name": "tenants", "match": "tenant_{tenant}"}],
        user=[{"name": "app", "password": SECRETS[3]}])
    return weir


def test_secrets_are_shown_nowhere(loud):
    weir = loud
    until(weir._ready, lambda: weir.log())
    with weir.connect("tenant_c", password=SECRETS[3]) as connection:
        connection.execute("SELECT 1")
    for database in ("tenant_a", "tenant_b"):  # their passwords are not the server's
        with pytest.raises((Refused, ConnectionError)):
            RawClient(weir.ports["trusted"]).login(database).query("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        weir.connect("tenant_c", password=SECRETS[1])
    shown = [weir.admin(path, token=SECRETS[0])[1]
             for path in ("/", "/metrics", "/health", "/api/v1/config", "/api/v1/pools", "/api/v1/tenants",
                          "/api/v1/clients", "/api/v1/servers", "/api/v1/leaks", "/readyz?verbose")]
    assert "swordfish" not in "".join(shown)
    weir.command("status", check=False)
    assert "swordfish" not in weir.log()
    assert "SCRAM-SHA-256$" not in weir.log() + "".join(shown)


def test_the_masked_configuration_still_tells_the_rest(weir):
    config = weir.json("/api/v1/config")
    assert config["pool"][0]["name"] == "tenants"
    assert config["user"][0]["name"] == "app"
    assert "app-secret" not in weir.admin("/api/v1/config")[1]


def test_a_token_of_its_own_is_readable_to_its_account_only(start_weir, postgres):
    weir = start_weir(postgres, admin={"token": ""})
    file = weir.folder / "token"
    assert file.stat().st_mode & 0o777 == 0o600
    token = file.read_text().strip()
    assert len(token) >= 32 and token not in weir.log()
    assert weir.admin("/api/v1/pools/*/clear", "POST", token=token)[0] == 200
    assert weir.admin("/api/v1/pools/*/clear", "POST", token="other")[0] == 401


def test_check_prints_no_secret(weir):
    report = weir.command("check", "--config", weir.config)
    assert "app-secret" not in report.stdout + report.stderr
