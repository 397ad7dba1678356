"""PgBouncer, HAProxy and twemproxy, set up beside Weir: to be compared with and to stand in front of it."""

import os
import shutil
import socket
from pathlib import Path

from .processes import Program
from .waiting import free_port, until


def _as_service(folder, user):
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, user)


class PgBouncer:
    """Transaction pooling in front of one server; whoever asks is let in, under TLS where `tls` gives a
    certificate and its key."""

    def __init__(self, folder, postgres, pool_size=20, auth="trust", users=None, mode="transaction",
                 max_clients=20000, tls=None):
        self.folder = Path(folder)
        self.port = free_port()
        _as_service(self.folder, "postgres")
        names = {"app": "app-secret", **(users or {})}
        client_tls = "" if tls is None else (f"client_tls_sslmode = require\nclient_tls_cert_file = {tls[0]}\n"
                                             f"client_tls_key_file = {tls[1]}\n")
        listed = "\n".join(f'"{name}" "{secret}"' for name, secret in names.items())
        (self.folder / "users.txt").write_text(listed + "\n")
        (self.folder / "pgbouncer.ini").write_text(f"""
[databases]
* = host=127.0.0.1 port={postgres.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = {auth}
auth_file = {self.folder}/users.txt
pool_mode = {mode}
default_pool_size = {pool_size}
max_client_conn = {max_clients}
server_tls_sslmode = disable
log_connections = 0
log_disconnections = 0
ignore_startup_parameters = extra_float_digits
{client_tls}""")
        self.program = None

    def start(self):
        self.program = Program(["pgbouncer", self.folder / "pgbouncer.ini"], self.folder / "pgbouncer.log",
                               user="postgres")
        until(self.listening, lambda: f"PgBouncer up:\n{self.program.output()}")
        return self

    def listening(self):
        return _listens(self.port)

    @property
    def pid(self):
        return self.program.pid

    def stop(self):
        if self.program:
            self.program.stop()
            self.program = None


class HaProxy:
    """A plain TCP proxy; `send_proxy` is "send-proxy" or "send-proxy-v2" where wanted."""

    def __init__(self, folder, port_behind, send_proxy="", max_clients=4000):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        (self.folder / "haproxy.cfg").write_text(f"""
global
    maxconn {max_clients}
    nbthread 1
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen through
    bind 127.0.0.1:{self.port}
    server behind 127.0.0.1:{port_behind} {send_proxy}
""")
        self.program = None

    def start(self):
        self.program = Program(["haproxy", "-db", "-f", self.folder / "haproxy.cfg"],
                               self.folder / "haproxy.log")
        until(lambda: _listens(self.port), lambda: f"HAProxy up:\n{self.program.output()}")
        return self

    @property
    def pid(self):
        return self.program.pid

    def stop(self):
        if self.program:
            self.program.stop()
            self.program = None


class Twemproxy:
    """In front of one Redis, with its own default of one server connection, over which it pipelines."""

    def __init__(self, folder, port_behind, server_connections=1):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.stats_port = free_port()
        (self.folder / "nutcracker.yml").write_text(f"""
bench:
  listen: 127.0.0.1:{self.port}
  redis: true
  hash: fnv1a_64
  distribution: ketama
  server_connections: {server_connections}
  servers:
   - 127.0.0.1:{port_behind}:1
""")
        self.program = None

    def start(self):
        self.program = Program(["nutcracker", "-c", self.folder / "nutcracker.yml", "-a", "127.0.0.1",
                                "-s", self.stats_port], self.folder / "nutcracker.log")
        until(lambda: _listens(self.port), lambda: f"twemproxy up:\n{self.program.output()}")
        return self

    @property
    def pid(self):
        return self.program.pid

    def stop(self):
        if self.program:
            self.program.stop()
            self.program = None


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
