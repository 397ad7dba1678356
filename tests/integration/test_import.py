"""`weir import`: a configuration that a real PgBouncer runs with serves the same through Weir."""

import subprocess

import psycopg
import pytest

from harness.peers import PgBouncer
from harness.postgres import APP_PASSWORD
from harness.processes import run
from harness.waiting import free_port, until
from harness.weir import binary, clean_environment


@pytest.fixture
def bouncer(folder, postgres):
    bouncer = PgBouncer(folder / "imported-from", postgres, auth="scram-sha-256", pool_size=3)
    config = bouncer.folder / "pgbouncer.ini"
    config.write_text(config.read_text() + f"""
admin_users = app
query_wait_timeout = 5
server_fast_close = 1
%include {bouncer.folder}/more.ini
""")
    (bouncer.folder / "more.ini").write_text(f"""
[databases]
renamed = host=127.0.0.1 port={postgres.port} dbname=tenant_b user=app pool_size=2 pool_mode=session
""")
    for path in bouncer.folder.iterdir():
        path.chmod(0o644)
    bouncer.start()
    yield bouncer
    bouncer.stop()


def test_what_a_pgbouncer_serves_weir_serves_with_its_imported_configuration(bouncer, folder, postgres):
    config = bouncer.folder / "pgbouncer.ini"
    done = run([binary(), "import", config], check=True, env=clean_environment(), cwd=folder)
    assert "server_fast_close" in done.stderr and APP_PASSWORD not in done.stderr

    port = free_port()
    text = done.stdout.replace(f"127.0.0.1:{bouncer.port}", f"127.0.0.1:{port}")
    assert text != done.stdout
    toml = folder / "imported.toml"
    toml.write_text(text)
    checked = run([binary(), "check", "--connect", "--config", toml], check=True,
                  env=clean_environment(), cwd=folder)
    assert "no errors" in checked.stdout

    weir = subprocess.Popen([binary(), "serve", "--config", toml], env={
        **clean_environment(), "WEIR_ADMIN_TOKEN_FILE": str(folder / "imported-token"),
        "WEIR_ADMIN_LISTEN": f"127.0.0.1:{free_port()}"}, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(port), "the imported Weir answers")
        for database, behind in (("tenant_a", "tenant_a"), ("renamed", "tenant_b")):
            through = [seen(at, database) for at in (bouncer.port, port)]
            assert through == [(behind, "app"), (behind, "app")]
        for at in (bouncer.port, port):
            with pytest.raises(psycopg.OperationalError):
                seen(at, "tenant_a", password="wrong")
    finally:
        weir.terminate()
        assert weir.wait(30) == 0


def test_a_configuration_that_is_not_there_is_one_line_and_exit_code_one(folder):
    done = run([binary(), "import", folder / "nowhere.ini"], check=False, env=clean_environment(), cwd=folder)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "nowhere.ini" in done.stderr


def seen(port, database, password=APP_PASSWORD):
    with psycopg.connect(host="127.0.0.1", port=port, user="app", password=password, dbname=database,
                         sslmode="disable", autocommit=True, prepare_threshold=None) as connection:
        return connection.execute("SELECT current_database(), current_user").fetchone()


def answers(port):
    try:
        return seen(port, "tenant_a") is not None
    except psycopg.OperationalError:
        return False
