"""TLS on the side of clients: a listener's settings, and a raw client after its handshake."""

import ssl

from . import messages
from .raw import RawClient


def listener_tls(pair, mode, **more):
    return {"tls": {"mode": mode, "cert": str(pair[0]), "key": str(pair[1]),
                    **{name: str(path) for name, path in more.items()}}}


def context(authority=None, certificate=None, alpn=("postgresql",)):
    made = ssl.create_default_context(cafile=authority and str(authority.crt))
    if authority is None:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if certificate:
        made.load_cert_chain(*map(str, certificate))
    if alpn:
        made.set_alpn_protocols(list(alpn))
    return made


def raw_tls(weir, authority=None, direct=False, listener="trusted", **how):
    """A RawClient after its handshake."""
    client = RawClient(weir.ports[listener])
    if not direct:
        client.send(messages.SSL_REQUEST)
        assert client.receive(1) == b"S"
    client.socket = context(authority, **how).wrap_socket(client.socket, server_hostname="127.0.0.1")
    return client
