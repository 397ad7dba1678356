"""The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), fast enough for thousands of logins."""

import base64
import functools
import hashlib
import hmac
import os


@functools.cache
def _keys(password, salt, iterations):
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    return client, hashlib.sha256(client).digest(), server


def verifier(password, salt=b"0123456789abcdef", iterations=4096):
    """As pg_authid.rolpassword has it, and a [[user]]'s `scram`."""
    def text(data):
        return base64.b64encode(data).decode()
    _, stored, server = _keys(password, salt, iterations)
    return f"SCRAM-SHA-256${iterations}:{text(salt)}${text(stored)}:{text(server)}"


class Exchange:
    """One login: `first()`, then `final(server's first)`, then `verify(server's last)`."""

    def __init__(self, password):
        self.password = password
        self.bare = "n=,r=" + base64.b64encode(os.urandom(18)).decode()

    def first(self):
        return ("n,," + self.bare).encode()

    def final(self, challenge):
        fields = dict(item.split("=", 1) for item in challenge.decode().split(","))
        client, stored, self.server = _keys(self.password, base64.b64decode(fields["s"]), int(fields["i"]))
        bare = "c=biws,r=" + fields["r"]
        self.signed = f"{self.bare},{challenge.decode()},{bare}".encode()
        signature = hmac.digest(stored, self.signed, "sha256")
        proof = bytes(left ^ right for left, right in zip(client, signature))
        return f"{bare},p={base64.b64encode(proof).decode()}".encode()

    def verify(self, last):
        expected = hmac.digest(self.server, self.signed, "sha256")
        assert last == b"v=" + base64.b64encode(expected), "the server does not know the password"
