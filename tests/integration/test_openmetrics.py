"""/metrics in both formats, read by parsers that are not ours, and in gzip."""

import gzip
import urllib.request

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

PROMETHEUS = ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
              "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
pytestmark = pytest.mark.sanitized


def fetch(weir, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{weir.admin_port}{path}",
                                     headers={name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers, answer.read()


@pytest.mark.parametrize("path", ["/metrics", "/metrics/tenants"])
def test_both_formats_have_the_same_series(weir, path):
    fetch(weir, path)
    headers, old = fetch(weir, path, Accept="text/plain")
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    headers, new = fetch(weir, path, Accept=PROMETHEUS)
    assert headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"

    def series(families):
        return {(sample.name, tuple(sorted(sample.labels.items()))) for family in families for sample in family.samples}
    assert len(new) > 1000
    # The parser of OpenMetrics is strict: a wrong name, an order, a missing # EOF is an exception.
    assert series(openmetrics(new.decode())) == series(text(old.decode()))


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/pools", "/api/v1/config"])
def test_answers_come_in_gzip_to_who_takes_it(weir, path):
    headers, plain = fetch(weir, path, Accept_Encoding="identity")
    assert headers["Content-Encoding"] is None and int(headers["Content-Length"]) == len(plain)
    headers, packed = fetch(weir, path, Accept_Encoding="gzip, deflate")
    if len(plain) < 1000:
        assert headers["Content-Encoding"] is None
        return
    assert headers["Content-Encoding"] == "gzip" and headers["Vary"] and int(headers["Content-Length"]) == len(packed)
    assert len(packed) < len(plain) and gzip.decompress(packed)[:20] == plain[:20]


def test_head_tells_what_get_would(weir):
    request = urllib.request.Request(f"http://127.0.0.1:{weir.admin_port}/livez", method="HEAD")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.read() == b"" and int(answer.headers["Content-Length"]) > 0
