"""Clients under TLS: what encryption costs Weir and PgBouncer, per transaction and per login.

Both show the same certificate and must agree with a client on the same version and cipher; their
connections to the server, on loopback, are plain.
"""

import socket
import ssl
import statistics

from harness import messages, pgbench
from harness.certificates import Authority
from harness.postgres import APP_PASSWORD

from . import bed
from .postgresql import Contender, medians_of, rounds, shown

LOGIN_CLIENTS = 16


def compare(folder, seconds, pairs, client_counts):
    certificate = Authority(folder / "authority").sign("listener", owner="postgres")
    with bed.server(folder) as postgres:
        programs = _programs(folder, postgres, certificate)
        try:
            bouncer, scram, weir = [program.start() for program in programs]
            ports = {"trust": (bouncer.port, weir.ports["trusted"]),
                     "SCRAM-SHA-256": (scram.port, weir.ports["postgresql"])}
            agreed = _agreed([port for pair in ports.values() for port in pair])
            print(f"all speak {' with '.join(agreed)}", flush=True)
            runs = rounds(folder, [Contender("PgBouncer", bouncer.port, bouncer, "require"),
                                   Contender("Weir", weir.ports["trusted"], weir, "require")],
                          seconds, pairs, client_counts)
            logins = []
            for login, contenders in (("trust", (bouncer, weir)), ("SCRAM-SHA-256", (scram, weir))):
                logins += _logins(login, list(zip(("PgBouncer", "Weir"), ports[login], contenders)), seconds, pairs)
        finally:
            for program in programs:
                program.stop()
    medians = medians_of(runs)
    print(shown(medians))
    print("\n" + bed.table(["login", "through", "logins/s", "CPU µs/login", "logins/s ÷ PgBouncer",
                            "CPU ÷ PgBouncer"], _login_medians(logins)))
    bed.save("tls", {"seconds": seconds, "pairs": pairs, "pool": bed.POOL, "tls": agreed, "medians": medians,
                     "runs": runs, "logins": logins})


def _programs(folder, postgres, certificate):
    listen = {"tls": {"mode": "require", "cert": str(certificate[0]), "key": str(certificate[1])}}
    return [bed.pgbouncer(folder, postgres, tls=certificate),
            bed.pgbouncer(folder, postgres, "pgbouncer-scram", tls=certificate, auth="scram-sha-256",
                          users={"app": bed.verifier(postgres)}),
            bed.weir(folder, postgres, listen=listen)]


def _agreed(ports):
    """[version, cipher] that a client of OpenSSL's defaults, as libpq is, gets from all of them."""
    found = {_negotiated(port) for port in ports}
    assert len(found) == 1, f"not comparable: {found}"
    return list(found.pop())


def _negotiated(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        plain.sendall(messages.SSL_REQUEST)
        assert plain.recv(1) == b"S"
        with context.wrap_socket(plain) as encrypted:
            return encrypted.version(), encrypted.cipher()[0]


def _logins(login, contenders, seconds, pairs):
    """pgbench with a connection for each transaction: TCP, TLS, start-up, one small query, and the end."""
    runs = []
    for pair in range(-1, pairs):  # the first is not measured
        turn = pair % len(contenders)
        for name, port, program in contenders[turn:] + contenders[:turn]:
            before = bed.cpu_seconds(program.pid)
            result = pgbench.bench(port, bed.DATABASE, APP_PASSWORD, clients=LOGIN_CLIENTS, seconds=seconds,
                                   sslmode="require", extra=["-C"])
            used = bed.cpu_seconds(program.pid) - before
            if pair >= 0:
                runs.append({"pair": pair, "login": login, "contender": name, "per_second": result.per_second,
                             "cpu_us": used * 1e6 / result.transactions})
        print(f"logins, {login}: round {pair + 1} of {pairs}", flush=True)
    return runs


def _login_medians(runs):
    rows = []
    for login, contender in dict.fromkeys((run["login"], run["contender"]) for run in runs):
        own, peers = ({run["pair"]: run for run in runs if (run["login"], run["contender"]) == (login, name)}
                      for name in (contender, "PgBouncer"))
        figures = [statistics.median(run[figure] for run in own.values()) for figure in ("per_second", "cpu_us")]
        ratios = [statistics.median(run[figure] / peers[pair][figure] for pair, run in own.items())
                  for figure in ("per_second", "cpu_us")]
        rows.append([login, contender, f"{figures[0]:.0f}", f"{figures[1]:.0f}",
                     *(f"{ratio:.2f}" for ratio in ratios)])
    return sorted(rows, key=lambda row: (row[0] != "trust", row[1]))
