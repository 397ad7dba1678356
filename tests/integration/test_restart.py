"""A restart: a successor takes the listening sockets over, its predecessor finishes what runs."""

import json
import os
import re
import signal
import socket
import threading
from pathlib import Path

import psycopg
import pytest

from harness import activation
from harness.raw import RawClient
from harness.waiting import until

pytestmark = pytest.mark.sanitized

PATIENT = {"drain_grace": "0s", "drain_timeout": "30s"}


def status(weir):
    return weir.json("/api/v1/restart")


def restart(weir, *options):
    """Asks by the command; the process that served before."""
    before = weir.pid
    weir.command("restart", *options)
    assert status(weir)["process"] == weir.pid != before
    return before


def finished(weir):
    until(lambda: status(weir)["predecessor"] == 0, lambda: weir.log()[-2000:], timeout=40)


def refused(weir, *options):
    """What `weir restart` says when there is none."""
    done = weir.command("restart", *options, check=False)
    assert done.returncode == 1, done.stdout
    return done.stderr


def activated(*sockets):
    """The words that start a daemon with these sockets."""
    return ["/usr/bin/python3", Path(activation.__file__), *sockets, "--"]


def test_a_transaction_goes_on_in_the_old_process_while_the_new_one_serves(start_weir, postgres, scalar):
    weir = start_weir(postgres, agent=PATIENT)
    with RawClient(weir.ports["trusted"]).login("tenant_a") as old:
        old.query("BEGIN")
        backend = old.query("SELECT pg_backend_pid()")
        before = restart(weir)
        with weir.connect() as new:
            assert scalar(new, "SELECT 1") == 1
            assert status(weir) == {"process": weir.pid, "predecessor": before, "starting": False,
                                    "error": ""}
            assert old.query("SELECT pg_backend_pid()") == backend
            assert "is not over" in refused(weir), "one at a time"
            old.query("COMMIT")
            assert old.error()["C"] == "57P01"
            finished(weir)
            assert scalar(new, "SELECT 2") == 2, "the new process does not care"
    assert f"process={before}" in re.search(r".*agent\.predecessor_finished.*", weir.log()).group()


def test_sigusr2_restarts_too(start_weir, postgres):
    weir = start_weir(postgres)
    before = weir.pid
    os.kill(before, signal.SIGUSR2)
    until(lambda: weir.pid != before, "a successor")
    finished(weir)
    with weir.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_whoever_connects_meanwhile_is_served_on_tcp_and_on_the_unix_socket(start_weir, postgres, size):
    weir = start_weir(postgres)
    stop, troubles, served = threading.Event(), [], []

    def come_and_go(**where):
        count = 0
        while not stop.is_set():
            try:
                with weir.connect("tenant_b", **where) as connection:
                    count += connection.execute("SELECT 1").fetchone()[0]
            except psycopg.Error as error:
                troubles.append(f"{where}: {error}")
        served.append(count)

    threads = [threading.Thread(target=come_and_go, kwargs=where)
               for where in ({}, {"listener": "trusted"}, {"host": str(weir.folder)}) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(size(3, 10)):
            restart(weir)
            finished(weir)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not troubles
    assert len(served) == len(threads) and all(served)
    assert weir.socket.exists()
    weir.stop()
    assert not weir.socket.exists(), "the last one tidies up"


def test_a_broken_configuration_changes_nothing_and_the_command_says_why(start_weir, postgres, scalar):
    weir = start_weir(postgres)
    with weir.connect() as connection:
        good = weir.config.read_text()
        weir.config.write_text(good + "\n[nonsense]\nkey = 1\n")
        before = weir.pid
        said = refused(weir)
        assert "goes on" in said and "nonsense" in said and "weir.toml" in said
        assert status(weir)["process"] == before == weir.pid
        assert "nonsense" in status(weir)["error"]
        assert "agent.restart_failed" in weir.log()
        assert scalar(connection, "SELECT 1") == 1
        weir.config.write_text(good)
        restart(weir)
        finished(weir)


def test_what_a_restart_finds_in_the_file_applies(start_weir, postgres):
    weir = start_weir(postgres)
    weir.settings["listen"].pop()
    weir.settings["listen"][1]["name"] = "renamed"
    weir.configure()
    restart(weir)
    finished(weir)
    assert not weir.socket.exists(), "nobody listens there any more"
    with weir.connect(listener="trusted"):
        assert [row["listener"] for row in weir.json("/api/v1/clients")["clients"]] == ["renamed"]


def test_a_successor_that_dies_on_its_way_is_forgotten(start_weir, postgres, scalar):
    weir = start_weir(postgres)
    with weir.connect() as connection:
        good = weir.config.read_text()
        weir.config.unlink()
        os.mkfifo(weir.config)  # whoever reads it waits for a writer
        said = []
        asking = threading.Thread(target=lambda: said.append(refused(weir)))
        asking.start()
        successor = until(weir.successors, "a successor")[0]
        until(lambda: status(weir)["starting"], "under way")
        assert "under way" in refused(weir)
        assert scalar(connection, "SELECT 1") == 1
        os.kill(successor, signal.SIGKILL)
        asking.join()
        assert "signal 9" in said[0]
        assert scalar(connection, "SELECT 2") == 2
        with weir.connect() as another:
            assert scalar(another, "SELECT 3") == 3
        weir.config.unlink()
        weir.config.write_text(good)
        restart(weir)
        finished(weir)


def test_a_successor_that_fails_at_the_very_end_gives_everything_back(start_weir, postgres, scalar):
    """The admin port is all that it takes after its predecessor has stepped aside."""
    weir = start_weir(postgres, upstream={"max_connections": 3})
    with socket.create_server(("127.0.0.1", 0)) as taken, weir.connect() as old:
        weir.settings["admin"]["listen"] = f"127.0.0.1:{taken.getsockname()[1]}"
        weir.configure()
        before = weir.pid
        assert "admin.listen" in refused(weir)
        assert status(weir)["process"] == before
        assert weir.admin("/readyz")[0] == 200
        connections = [weir.connect() for _ in range(3)]
        for connection in connections:  # as many as ever
            connection.execute("BEGIN; SELECT 1")
        for connection in connections:
            connection.close()
        assert scalar(old, "SELECT 1") == 1
        assert weir.socket.exists()


def test_a_cancel_finds_the_query_in_the_old_process(start_weir, postgres):
    weir = start_weir(postgres, agent=PATIENT)
    with weir.connect("tenant_c") as old:
        caught = []

        def sleep():
            try:
                old.execute("SELECT pg_sleep(60) /* across */")
            except psycopg.Error as error:
                caught.append(error)

        sleeping = threading.Thread(target=sleep)
        sleeping.start()
        until(lambda: postgres.sessions("state = 'active' AND query LIKE '%across%'"), "running")
        restart(weir)
        old.cancel()
        sleeping.join(20)
        assert isinstance(caught[0], psycopg.errors.QueryCanceled)
    finished(weir)


def test_a_drain_while_a_successor_starts_ends_both(start_weir, postgres):
    weir = start_weir(postgres)
    weir.config.unlink()
    os.mkfifo(weir.config)
    os.kill(weir.pid, signal.SIGUSR2)
    successor = until(weir.successors, "a successor")[0]
    weir.stop()
    assert not Path(f"/proc/{successor}").exists()
    assert "told to drain" in weir.log()


def test_a_token_of_its_own_stays_usable(start_weir, postgres):
    weir = start_weir(postgres, admin={"token": ""})
    token = weir.folder / "token"
    for _ in range(2):
        restart(weir, "--token-file", token)
        finished(weir)
    assert weir.admin("/api/v1/pools/*/clear", "POST", token=token.read_text().strip())[0] == 200
    weir.stop()
    assert not token.exists()


def test_sockets_of_a_service_manager_are_served_and_handed_on(start_weir, postgres, scalar):
    weir = start_weir(postgres, wrapper=lambda weir: activated(
        f"postgresql={weir.ports['postgresql']}", f"unix={weir.socket}"))
    assert weir.log().count("inherited=true") == 2
    restart(weir)
    finished(weir)
    assert weir.log().count("inherited=true") == 2 + 3, "the one that was bound is handed on, too"
    for where in ({}, {"host": str(weir.folder)}):
        with weir.connect(**where) as connection:
            assert scalar(connection, "SELECT 1") == 1
    weir.stop()
    assert weir.socket.exists(), "the service manager's"


def test_a_passed_socket_that_fits_no_listener_is_an_error(start_weir, postgres):
    weir = start_weir(postgres, ready=False, wrapper=lambda _: activated("stranger=0"))
    until(lambda: not weir.program.running(), "it ends")
    assert weir.program.process.returncode == 1
    assert "stranger" in weir.log() and "FileDescriptorName=" in weir.log()
    weir.program = None


def test_the_service_manager_is_told(start_weir, postgres, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        weir = start_weir(postgres, environment={"NOTIFY_SOCKET": str(tmp_path / "notify")})

        def told():
            return manager.recv(1000).decode()

        assert told() == "READY=1"
        restart(weir)
        assert {told(), told()} == {"READY=1", f"MAINPID={weir.pid}"}
        finished(weir)
        weir.stop()
        assert told() == "STOPPING=1"
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            told()  # leaving for a successor is no stop


def test_json_names_the_process_that_serves(start_weir, postgres):
    weir = start_weir(postgres)
    document = json.loads(weir.command("restart", "--json").stdout)
    assert document["process"] == weir.pid
    finished(weir)
