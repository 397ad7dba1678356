"""Who gets in: stored verifiers, md5 verifiers, and accounts that only the server knows."""

import concurrent.futures
import hashlib
import struct
import threading

import psycopg
import pytest

from harness import messages
from harness.postgres import programs
from harness.processes import run
from harness.raw import RawClient
from harness.scram import Exchange
from harness.waiting import until
from harness.weir import PASSWORD, clean_environment

pytestmark = pytest.mark.sanitized

# Records who asked for whom, so that tests see what reached the server and how often.
RECORDING = """
CREATE TABLE asked (name text, account text, application text, settings text);
CREATE FUNCTION verifier_of(name) RETURNS TABLE (rolname name, rolpassword text) AS $$
    INSERT INTO asked VALUES ($1, session_user, current_setting('application_name'),
                              current_setting('search_path') || current_setting('DateStyle'));
    SELECT pg_sleep(0.3);
    SELECT rolname, rolpassword FROM pg_catalog.pg_authid WHERE rolname = $1 AND rolcanlogin;
$$ LANGUAGE sql SECURITY DEFINER;
"""


def md5(password, name):
    return "md5" + hashlib.md5((password + name).encode()).hexdigest()


def add_role(server, name, password, options="", encryption="scram-sha-256"):
    with server.connect() as connection:
        connection.execute(f"SET password_encryption = '{encryption}'")
        connection.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}' {options}")


def verifier_of(server, name):
    return server.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", parameters=[name])[0][0]


def asking(**more):
    return {"mode": "query", "query_user": "asker", "query_password": "asker-secret",
            "query_pools": ["*"], **more}


@pytest.fixture(scope="module")
def server(start_module_postgres):
    """Databases a, b and c for roles of the same names, and the account that may read verifiers."""
    server = start_module_postgres(["a", "b", "c", "old", "tenant_a"])
    add_role(server, "asker", "asker-secret")
    server.execute("GRANT SELECT ON pg_catalog.pg_authid TO asker")
    server.execute(RECORDING)
    add_role(server, "a", "a-secret")
    add_role(server, "b", "b-secret", "VALID UNTIL '2001-01-01'")
    add_role(server, "c", "c-secret", "VALID UNTIL '2999-01-01'")
    add_role(server, "old", "old-secret", encryption="md5")
    add_role(server, "recorder", "recorder-secret")
    server.execute("CREATE ROLE staff NOLOGIN PASSWORD 'staff-secret'")
    server.execute("CREATE ROLE unset LOGIN")
    return server


@pytest.fixture(scope="module")
def weir(start_module_weir, server):
    return start_module_weir(
        server, auth=asking(),
        pool=[{"name": "tenants", "match": "{tenant}"}],
        user=[{"name": "app", "password": PASSWORD},
              {"name": "stored", "scram": verifier_of(server, "a"), "max_clients": 1, "tenants": ["a"]},
              {"name": "older", "password": md5("older-secret", "older"), "max_clients": 1, "tenants": ["a"]}])


@pytest.fixture
def recording(start_weir, server):
    """A daemon of the test's own whose every question is recorded and takes a while."""
    server.execute("DELETE FROM asked")
    until(lambda: sessions(server) == 0, "the daemon of another test has left")
    return start_weir(server, auth=asking(query="SELECT * FROM public.verifier_of($1)",
                                          query_user="recorder", query_password="recorder-secret"),
                      pool=[{"name": "tenants", "match": "{tenant}"}])


def sessions(server):
    """The connections of auth.query from a daemon of the test's own."""
    return server.sessions("usename = 'recorder'")


def asked(server, name):
    return server.execute("SELECT count(*) FROM asked WHERE name = %s", parameters=[name])[0][0]


def refusal(weir, **parameters):
    with pytest.raises(psycopg.OperationalError) as caught:
        weir.connect(**parameters)
    return str(caught.value)


def first_question(port, user, database="a"):
    """The kind of authentication that is asked for, with what else a stranger can see of it."""
    with RawClient(port) as client:
        client.send(messages.startup(database, user))
        kind, body = client.next()
        code = struct.unpack_from("!i", body)[0]
        if kind != b"R" or code == 5:
            return kind, code, len(body)
        first = Exchange("whatever").first()
        client.send(messages.message(
            b"p", messages.text("SCRAM-SHA-256") + struct.pack("!i", len(first)) + first))
        challenge = client.next()[1][4:].decode()
        fields = dict(item.split("=", 1) for item in challenge.split(","))
        return kind, code, body[4:], len(fields["s"]), fields["i"]


# -- verifiers in the configuration

def test_a_stored_verifier_lets_its_password_in(weir, scalar):
    with weir.connect("a", user="stored", password="a-secret") as connection:
        assert scalar(connection, "SELECT current_user") == "app"
        assert "max_clients" in refusal(weir, dbname="a", user="stored", password="a-secret")
    wrong = refusal(weir, dbname="a", user="stored", password="a-secre")
    assert 'password authentication failed for user "stored"' in wrong
    assert "may not use tenant" in refusal(weir, dbname="c", user="stored", password="a-secret")


def test_an_md5_verifier_lets_its_password_in(weir, scalar):
    with weir.connect("a", user="older", password="older-secret") as connection:
        assert scalar(connection, "SELECT current_user") == "app"
        assert "max_clients" in refusal(weir, dbname="a", user="older", password="older-secret")
    wrong = refusal(weir, dbname="a", user="older", password="a-secret")
    assert 'password authentication failed for user "older"' in wrong
    stored = refusal(weir, dbname="a", user="older", password=md5("older-secret", "older"))
    assert "password authentication failed" in stored
    assert "may not use tenant" in refusal(weir, dbname="c", user="older", password="older-secret")


@pytest.mark.parametrize("credential", ["scram", "password"])
def test_a_verifier_cannot_open_a_pool_without_an_account(start_weir, server, credential):
    verifier = verifier_of(server, "a") if credential == "scram" else md5("a-secret", "someone")
    weir = start_weir(
        server, pool=[{"name": "own", "match": "a", "user": "", "password": ""},
                      {"name": "tenants", "match": "{tenant}"}],
        user=[{"name": "someone", credential: verifier}, {"name": "app", "password": PASSWORD}])
    told = refusal(weir, dbname="a", user="someone", password="a-secret")
    assert 'of user "someone" only a verifier is known' in told
    with weir.connect("b", user="someone", password="a-secret"), weir.connect("a"):
        pass
    report = weir.command("check", "--config", weir.config)
    assert f"user.someone.{credential}: pool.own logs in as the client" in report.stderr
    assert verifier not in report.stdout + report.stderr + weir.log()
    assert weir.value("weir_client_auth_failures_total", reason="pool_not_allowed") == 1


@pytest.mark.parametrize("like", ["scram", "md5"])
def test_unknown_names_look_like_those_that_there_are(start_weir, server, like):
    user = {"name": "known", "password": md5("secret", "known")} if like == "md5" else \
        {"name": "known", "scram": verifier_of(server, "a").replace("$4096:", "$5000:")}
    weir = start_weir(server, user=[user])
    port = weir.ports["postgresql"]
    seen = {first_question(port, name) for name in ("known", "nobody", "somebody", "x" * 60)}
    assert len(seen) == 1
    assert seen.pop()[1] == (5 if like == "md5" else 10)
    one = refusal(weir, user="known", password="not-it")
    assert one.replace('"known"', '"nobody"') == refusal(weir, user="nobody", password="not-it")


# -- accounts that the server knows

def test_a_role_of_the_server_may_open_the_tenant_named_like_it(weir, scalar):
    with weir.connect("a", user="a", password="a-secret") as connection:
        assert scalar(connection, "SELECT current_database()") == "a"
        assert scalar(connection, "SELECT current_user") == "app"
    assert 'may not use tenant "c"' in refusal(weir, dbname="c", user="a", password="a-secret")
    assert "password authentication failed" in refusal(weir, dbname="a", user="a", password="c-secret")


def test_a_role_with_an_md5_verifier_logs_in_by_md5(weir, scalar):
    with weir.connect("old", user="old", password="old-secret") as connection:
        assert scalar(connection, "SELECT current_database()") == "old"
    assert "password authentication failed" in refusal(weir, dbname="old", user="old", password="a-secret")


@pytest.mark.parametrize("name, password", [("a", "a-secret"), ("old", "old-secret")])
def test_psql_logs_in_by_either_method(weir, name, password):
    answer = run([programs() / "psql", "-XAt", "-h", "127.0.0.1", "-p", str(weir.ports["postgresql"]),
                  "-U", name, "-d", name, "-c", "SELECT current_database()"],
                 env={**clean_environment(), "PGPASSWORD": password})
    assert answer.stdout.strip() == name


def test_valid_until_is_kept_to(weir):
    expired = refusal(weir, dbname="b", user="b", password="b-secret")
    assert 'password authentication failed for user "b"' in expired
    with weir.connect("c", user="c", password="c-secret"):
        pass


@pytest.mark.parametrize("name", ["nobody", "staff", "unset", "b", "x' OR '1'='1", "a" + "x" * 80, "\u00e4"])
def test_who_may_not_log_in_is_refused_like_a_wrong_password(weir, name):
    wrong = refusal(weir, dbname="a", user="a", password="not-it")
    other = refusal(weir, dbname="a", user=name, password="staff-secret")
    assert wrong.replace('user "a"', f'user "{name}"') == other
    port = weir.ports["postgresql"]
    assert first_question(port, "a") == first_question(port, name)


def test_a_name_is_not_cut_to_that_of_another_role(weir, server):
    """The server itself cuts a name to 63 bytes when it is asked for one."""
    cut = "long" * 15 + "nam"
    add_role(server, cut, "long-secret")
    assert "password authentication failed" in \
        refusal(weir, dbname="a", user=cut + "e", password="long-secret")
    assert "may not use tenant" in refusal(weir, dbname="a", user=cut, password="long-secret")


def test_users_of_the_configuration_come_first(weir, scalar):
    with weir.connect("c") as connection:
        assert scalar(connection, "SELECT 1") == 1


def test_a_database_without_a_pool_is_told_to_those_who_logged_in(start_weir, server):
    weir = start_weir(server, auth=asking(), pool=[{"name": "tenants", "match": "a"}])
    assert 'no pool serves database "elsewhere"' in \
        refusal(weir, dbname="elsewhere", user="a", password="a-secret")
    assert "password authentication failed" in \
        refusal(weir, dbname="elsewhere", user="a", password="not-it")


def test_only_the_pools_that_are_named_may_be_opened(start_weir, server):
    weir = start_weir(server, auth=asking(query_pools=["one"], query_tenants=["*"]),
                      pool=[{"name": "one", "match": "a"}, {"name": "two", "match": "c"}])
    with weir.connect("a", user="c", password="c-secret"):
        pass
    assert 'may not use pool "two"' in refusal(weir, dbname="c", user="c", password="c-secret")


def test_a_role_cannot_open_a_pool_without_an_account(start_weir, server):
    weir = start_weir(server, auth=asking(),
                      pool=[{"name": "own", "match": "a", "user": "", "password": ""}])
    assert "only a verifier is known" in refusal(weir, dbname="a", user="a", password="a-secret")


def test_a_listener_decides_whether_the_server_is_asked(start_weir, server):
    weir = start_weir(server, auth=asking(mode="users"), listen={"auth": "query"},
                      pool=[{"name": "tenants", "match": "{tenant}"}])
    with weir.connect("a", user="a", password="a-secret"):
        pass
    closed = start_weir(server, auth=asking(query_user="recorder"), listen={"auth": "users"},
                        pool=[{"name": "tenants", "match": "{tenant}"}])
    assert "password authentication failed" in refusal(closed, dbname="a", user="a", password="a-secret")
    assert sessions(server) == 0


def test_logins_of_one_name_share_one_question(recording, server):
    with concurrent.futures.ThreadPoolExecutor(12) as threads:
        logins = [threads.submit(recording.connect, "a", user="a", password="a-secret") for _ in range(12)]
        for login in logins:
            login.result().close()
    assert asked(server, "a") == 1
    recording.connect("a", user="a", password="a-secret").close()
    assert asked(server, "a") == 1, "the answer is remembered"


def test_what_nobody_has_is_remembered_like_what_somebody_has(recording, server):
    """Else the time of a second try would tell which names there are."""
    for name in ("a", "nobody"):
        for _ in range(3):
            first_question(recording.ports["postgresql"], name)
        assert asked(server, name) == 1


def test_a_changed_password_is_seen_by_a_later_try(recording, server):
    add_role(server, "changing", "first-secret")
    account = {"dbname": "changing", "user": "changing"}
    server.add_databases(["changing"], owner="app")
    recording.connect(**account, password="first-secret").close()
    server.execute("ALTER ROLE changing PASSWORD 'second-secret'")
    def in_time():
        try:
            recording.connect(**account, password="second-secret").close()
            return True
        except psycopg.OperationalError as error:
            assert "password authentication failed" in str(error)
            return False
    until(in_time, "the new password is taken")
    assert asked(server, "changing") == 2
    assert "password authentication failed" in refusal(recording, **account, password="first-secret")


def test_the_server_sees_nothing_of_the_client(recording, server):
    recording.connect("a", user="a", password="a-secret", application_name="evil",
                      options="-c search_path=evil -c DateStyle=German").close()
    rows = server.execute("SELECT account, application, settings FROM asked WHERE name = 'a'")
    assert rows == [("recorder", "weir auth", '"$user", publicISO, MDY')]


def test_the_connection_counts_against_the_budget(recording, server, start_weir):
    recording.connect("a", user="a", password="a-secret").close()
    assert sessions(server) == 1
    assert recording.value("weir_upstream_budget_used", upstream="main") == 2


def test_a_full_budget_gives_the_question_its_turn(start_weir, server):
    """Clients of two tenants that never pause share two connections, until a third party comes."""
    weir = start_weir(server, auth=asking(), upstream={"max_connections": 2},
                      pool=[{"name": "tenants", "match": "{tenant}"}])
    over = threading.Event()

    def keep_busy(tenant):
        with weir.connect(tenant) as connection:
            while not over.is_set():
                connection.execute("SELECT pg_sleep(0.01)")

    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        busy = [threads.submit(keep_busy, tenant) for tenant in ("a", "c", "old") * 2]
        try:
            until(lambda: weir.value("weir_upstream_budget_used", upstream="main") == 2, "it is full")
            for name in ("c", "a"):
                weir.connect(name, user=name, password=f"{name}-secret").close()
        finally:
            over.set()
        for work in busy:
            work.result()


def test_a_resting_connection_makes_room(start_weir, server):
    """One connection in all: it is the question's first, and the client's when the question is over."""
    weir = start_weir(server, auth=asking(), upstream={"max_connections": 1},
                      pool=[{"name": "tenants", "match": "{tenant}"}])
    with weir.connect("a", user="a", password="a-secret") as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("a",)
    assert weir.value("weir_upstream_budget_used", upstream="main") == 1


def test_a_full_budget_that_nobody_can_give_from_is_told(start_weir, server):
    weir = start_weir(server, auth=asking(), upstream={"max_connections": 1, "connect_timeout": "500ms"},
                      pool=[{"name": "tenants", "match": "{tenant}"}])
    with weir.connect("a", autocommit=False) as connection:
        connection.execute("SELECT 1")
        assert "every connection of its max_connections is in use" in \
            refusal(weir, dbname="a", user="a", password="a-secret")
        connection.execute("SELECT 1")
    weir.connect("a", user="a", password="a-secret").close()


def test_a_connection_that_the_server_ended_is_made_anew(recording, server):
    recording.connect("a", user="a", password="a-secret").close()
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                   "WHERE usename = 'recorder'")
    recording.connect("c", user="c", password="c-secret").close()
    assert sessions(server) == 1


def test_a_server_that_cannot_be_asked_is_08006_with_the_reason(start_weir, start_postgres):
    server = start_postgres(["a"])
    add_role(server, "asker", "asker-secret")
    add_role(server, "a", "a-secret")
    weir = start_weir(server, auth=asking(), pool=[{"name": "tenants", "match": "{tenant}"}])

    def told():
        with RawClient(weir.ports["postgresql"]) as client:
            client.send(messages.startup("a", "a"))
            fields = client.error()
            assert fields["C"] == "08006"
            return fields["M"]

    assert 'upstream "main" could not be asked' in told() and "permission denied" in told()
    server.execute("GRANT SELECT ON pg_catalog.pg_authid TO asker")
    weir.connect("a", user="a", password="a-secret").close()
    server.stop()
    weir_again = start_weir(server, auth=asking(), pool=[{"name": "tenants", "match": "{tenant}"}])
    with pytest.raises(psycopg.OperationalError) as caught:
        weir_again.connect("a", user="a", password="a-secret")
    assert "could not be asked" in str(caught.value) and "refused" in str(caught.value)
    assert "asker-secret" not in weir.log() + weir_again.log()
    assert "SCRAM-SHA-256$" not in weir.log()


def test_a_question_that_is_never_answered_has_an_end(start_weir, server):
    weir = start_weir(server, auth=asking(query="SELECT $1::text, pg_sleep(60)::text"),
                      upstream={"connect_timeout": "500ms"}, pool=[{"name": "tenants", "match": "{tenant}"}])
    assert "could not be asked" in refusal(weir, dbname="a", user="a", password="a-secret")
    until(lambda: server.sessions("query LIKE '%pg_sleep(60)%' AND state = 'active'") == 0,
          "nothing goes on running on the server")


def test_a_client_that_leaves_while_the_server_is_asked_leaves_nothing(recording, server):
    for _ in range(5):
        client = RawClient(recording.ports["postgresql"])
        client.send(messages.startup("a", "a"))
        client.reset()
    recording.connect("c", user="c", password="c-secret").close()
    until(lambda: recording.value("weir_client_connections", listener="postgresql") == 0, "all are gone")


def test_the_upstream_of_the_wanted_pool_is_asked(start_weir, server, start_postgres):
    other = start_postgres(["there"])
    add_role(other, "asker", "asker-secret")
    other.execute("GRANT SELECT ON pg_catalog.pg_authid TO asker")
    add_role(other, "there", "there-secret")
    weir = start_weir(
        server, auth=asking(),
        more_upstreams=[{"name": "other", "address": f"127.0.0.1:{other.port}", "tls": {"mode": "disable"}}],
        pool=[{"name": "second", "match": "there", "upstream": "other"},
              {"name": "first", "match": "{tenant}"}])
    weir.connect("there", user="there", password="there-secret").close()
    weir.connect("a", user="a", password="a-secret").close()
    assert "password authentication failed" in refusal(weir, dbname="there", user="a", password="a-secret")
    assert other.sessions("application_name = 'weir auth'") == 1


def test_check_tries_to_ask(start_weir, server):
    weir = start_weir(server, auth=asking(), pool=[{"name": "tenants", "match": "{tenant}"}])
    report = weir.command("check", "--config", weir.config, "--connect")
    assert "auth.query as asker: answers" in report.stdout
    wrong = start_weir(server, auth=asking(query_password="wrong-secret"),
                       pool=[{"name": "tenants", "match": "{tenant}"}])
    report = wrong.command("check", "--config", wrong.config, "--connect", check=False)
    assert report.returncode == 1
    assert "auth.query as asker: password authentication failed" in report.stderr
    assert "wrong-secret" not in report.stdout + report.stderr
