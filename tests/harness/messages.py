"""PostgreSQL protocol 3.0 messages as bytes, for tests that need what no driver would send.

Names and layouts: PostgreSQL documentation, "Message Formats".
"""

import struct

PROTOCOL_3 = 196608
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
GSS_REQUEST = struct.pack("!ii", 8, 80877104)


def message(kind, body=b""):
    return kind + struct.pack("!i", len(body) + 4) + body


def text(value):
    return value.encode() + b"\0"


def startup(database, user="app", protocol=PROTOCOL_3, **parameters):
    pairs = {"user": user, "database": database, **parameters}
    body = struct.pack("!i", protocol)
    body += b"".join(text(key) + text(str(value)) for key, value in pairs.items()) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def cancel_request(process, secret):
    return struct.pack("!iii", 12 + len(secret), 80877102, process) + secret


def query(statement):
    return message(b"Q", text(statement))


def parse(statement, name="", types=()):
    return message(b"P", text(name) + text(statement) + struct.pack("!h", len(types))
                   + b"".join(struct.pack("!I", oid) for oid in types))


def bind(name="", portal="", values=()):
    body = text(portal) + text(name) + struct.pack("!hh", 0, len(values))
    for value in values:
        if value is None:
            body += struct.pack("!i", -1)
        else:
            raw = str(value).encode()
            body += struct.pack("!i", len(raw)) + raw
    return message(b"B", body + struct.pack("!h", 0))


def describe(name="", kind=b"S"):
    return message(b"D", kind + text(name))


def execute(portal="", rows=0):
    return message(b"E", text(portal) + struct.pack("!i", rows))


def close(name="", kind=b"S"):
    return message(b"C", kind + text(name))


SYNC = message(b"S")
FLUSH = message(b"H")
TERMINATE = message(b"X")
COPY_DONE = message(b"c")


def copy_data(data):
    return message(b"d", data)


def copy_fail(reason):
    return message(b"f", text(reason))


def function_call(oid, *arguments):
    body = struct.pack("!ihhh", oid, 1, 1, len(arguments))  # every argument and the result binary
    body += b"".join(struct.pack("!i", len(value)) + value for value in arguments)
    return message(b"F", body + struct.pack("!h", 1))


def extended(statement, *values):
    """One whole batch on the unnamed statement."""
    return parse(statement) + bind(values=values) + describe("", b"P") + execute() + SYNC


def error_fields(body):
    """An ErrorResponse's or NoticeResponse's fields by their letters: C code, M message, S severity…"""
    return {field[:1].decode(): field[1:].decode(errors="replace")
            for field in body.split(b"\0") if field}


def data_row(body):
    """The values of a DataRow, as text or None."""
    count = struct.unpack_from("!h", body)[0]
    offset, values = 2, []
    for _ in range(count):
        length = struct.unpack_from("!i", body, offset)[0]
        offset += 4
        values.append(None if length < 0 else body[offset:offset + length].decode(errors="replace"))
        offset += max(length, 0)
    return values
