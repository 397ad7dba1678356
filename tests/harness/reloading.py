"""Changing the configuration of a daemon that serves."""

import json

from . import toml
from .raw import RawClient


def write(weir, settings=None):
    weir.config.write_text(toml.written(settings or weir.settings))


def reload(weir, settings=None):
    """What the command says of its changes."""
    write(weir, settings)
    return json.loads(weir.command("reload", "--json").stdout)["changes"]


def refused(weir, settings):
    """What the command says when it fails; nothing changes by it."""
    before = weir.json("/api/v1/config")
    write(weir, settings)
    result = weir.command("reload", check=False)
    assert result.returncode == 1
    assert weir.json("/api/v1/config") == before
    return result.stderr


def login(weir, database="tenant_a", listener="trusted"):
    return RawClient(weir.ports[listener]).login(database)


def pid(client):
    return client.query("SELECT pg_backend_pid()")[0][0]
