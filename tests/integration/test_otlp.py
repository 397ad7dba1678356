"""Spans on their way to a collector: what is sent, what is tried again, what is lost and counted."""

import email.utils
import json
import re
import statistics
import time
from pathlib import Path

import pytest

from harness import pgbench, toml
from harness.otlp_receiver import Answer, OtlpReceiver, attributes_of, spans_of
from harness.processes import resident_kib, run
from harness.waiting import free_port, until

HERE = Path(__file__).resolve().parent
RESULTS = ("exported", "unsampled", "dropped_queue_full", "rejected", "export_failed")
# Batches go out soon: tests wait for them.
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "50"}
NEVER = {"OTEL_BSP_SCHEDULE_DELAY": "3000000"}


@pytest.fixture
def start_receiver():
    started = []

    def start(**options):
        started.append(OtlpReceiver(**options).start())
        return started[-1]
    yield start
    for receiver in started:
        receiver.stop()


@pytest.fixture
def receiver(start_receiver):
    return start_receiver()


@pytest.fixture
def start_traced(start_weir, postgres):
    """start_traced(url, protocol=…, environment=…): a daemon that exports every span there."""
    def start(url, environment=None, **traces):
        return start_weir(postgres, traces={"endpoint": url, "sample_ratio": 1.0, **traces},
                          environment={**SOON, **(environment or {})})
    return start


def check_out(weir, times=1):
    with weir.connect() as connection:
        for _ in range(times):
            connection.execute("SELECT 1")


def spans(weir, result):
    return weir.value("weir_spans_total", result=result)


def decoded(body, folder):
    """The request as an independent decoder reads it."""
    path = folder / "request.bin"
    path.write_bytes(body)
    return json.loads(run(["node", "drivers/otlp_decode.js", path], cwd=HERE).stdout)


def resource_of(document):
    return attributes_of(document["resourceSpans"][0]["resource"])


def transaction_of(documents):
    return next(span for document in documents for span in spans_of(document)
                if span["name"] == "transaction tenants")


def test_json_and_protobuf_carry_the_same(start_receiver, start_traced, tmp_path):
    found = {}
    for protocol in ("http/json", "http/protobuf"):
        receiver = start_receiver()
        weir = start_traced(receiver.url, protocol=protocol)
        check_out(weir)
        def documents(receiver=receiver, protocol=protocol):
            bodies = [request.body for request in receiver.received(1)]
            return [json.loads(body) if protocol == "http/json" else decoded(body, tmp_path) for body in bodies]
        until(lambda: any(span["name"] == "transaction tenants" for document in documents()
                          for span in spans_of(document)), "a transaction's span", timeout=60, every=0.5)
        found[protocol] = documents()
        request = receiver.requests[0]
        assert request.path == "/v1/traces"
        assert request.headers["content-type"] == {"http/json": "application/json",
                                                   "http/protobuf": "application/x-protobuf"}[protocol]
        assert resource_of(found[protocol][0])["process.pid"] == weir.pid
        weir.stop()
    json_documents, protobuf_documents = found["http/json"], found["http/protobuf"]
    one, other = transaction_of(json_documents), transaction_of(protobuf_documents)
    assert one.keys() == other.keys()
    assert (one["kind"], one["flags"]) == (other["kind"], other["flags"]) == (2, 1)
    for span in (one, other):
        assert re.fullmatch("[0-9a-f]{32}", span["traceId"]) and re.fullmatch("[0-9a-f]{16}", span["spanId"])
        assert 1.6e18 < int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]) < 1e19
    assert attributes_of(one).keys() == attributes_of(other).keys()
    for key in ("db.system.name", "db.client.connection.pool.name", "weir.tenant"):
        assert attributes_of(one)[key] == attributes_of(other)[key]
    mine, others = resource_of(json_documents[0]), resource_of(protobuf_documents[0])
    mine.pop("process.pid"), others.pop("process.pid")
    assert mine == others and mine["service.name"] == "weir" and mine["service.instance.id"] == mine["host.name"]
    scopes = [documents[0]["resourceSpans"][0]["scopeSpans"][0]["scope"] for documents in found.values()]
    assert scopes[0] == scopes[1] == {"name": "weir", "version": mine["service.version"]}


def test_a_collector_that_is_busy_gets_the_same_batch_again(receiver, start_traced):
    receiver.answers = [Answer(503), Answer(502), Answer(504)]
    weir = start_traced(receiver.url)
    check_out(weir)
    until(lambda: spans(weir, "exported") > 0, "exported", timeout=60)
    first = receiver.received(4)[:4]
    assert len({request.body for request in first}) == 1
    assert spans(weir, "export_failed") == spans(weir, "rejected") == 0


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_collector_is_left_alone_for_as_long_as_it_asks(receiver, start_traced, form):
    """Our own rest after a first failure is below a second; a date is full seconds only."""
    weir = start_traced(receiver.url)
    said = "3" if form == "seconds" else email.utils.formatdate(time.time() + 60, usegmt=True)
    receiver.usual = Answer(429, {"Retry-After": said})
    check_out(weir)
    receiver.received(1)
    receiver.usual = Answer()
    if form == "seconds":
        first, second = receiver.received(2)[:2]
        assert second.at - first.at > 2.5 and first.body == second.body
        until(lambda: spans(weir, "exported") > 0, "exported", timeout=60)
    else:
        # Longer than a batch is kept: it is given up, and no other is sent before the time.
        until(lambda: spans(weir, "export_failed") > 0, "given up", timeout=60)
        check_out(weir)
        until(lambda: weir.value("weir_span_queue_size") > 0, "more spans wait", timeout=60)
        assert len(receiver.requests) == 1


def test_what_a_collector_refuses_is_counted_and_not_tried_again(receiver, start_traced):
    receiver.answers = [Answer(400)]
    weir = start_traced(receiver.url)
    check_out(weir)
    refused = until(lambda: spans(weir, "rejected"), "refused", timeout=60)
    assert refused == len(spans_of(receiver.requests[0].document()))
    check_out(weir)
    until(lambda: spans(weir, "exported") > 0, "the next batch", timeout=60)
    assert [request.body for request in receiver.requests].count(receiver.requests[0].body) == 1
    assert spans(weir, "rejected") == refused
    assert "traces.export_fails" in weir.log() and "HTTP status 400" in weir.log()


def test_a_redirect_is_not_followed(start_receiver, receiver, start_traced):
    elsewhere = start_receiver()
    receiver.answers = [Answer(307, {"Location": f"{elsewhere.url}/v1/traces"})]
    weir = start_traced(receiver.url)
    check_out(weir)
    until(lambda: spans(weir, "export_failed") > 0, "given up", timeout=60)
    assert elsewhere.requests == []


@pytest.mark.parametrize("protocol, body", [
    ("http/json", b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}'),
    ("http/protobuf", b"\x0a\x0b\x08\x01\x12\x07too old")])
def test_partial_success_counts_what_was_rejected(receiver, start_traced, protocol, body):
    receiver.answers = [Answer(200, body=body)]
    weir = start_traced(receiver.url, protocol=protocol)
    check_out(weir, times=5)
    until(lambda: spans(weir, "exported") >= 4, "exported", timeout=60)
    assert spans(weir, "rejected") == 1
    assert re.search(r"traces\.rejected.*spans=1.*too old", weir.log())


def test_a_dead_collector_costs_counted_drops_and_says_so_once(start_receiver, start_traced):
    port = free_port()
    weir = start_traced(f"http://127.0.0.1:{port}", environment={
        "OTEL_BSP_MAX_QUEUE_SIZE": "64", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "16", "OTEL_BSP_EXPORT_TIMEOUT": "2000"})
    assert weir.value("weir_span_queue_capacity") == 64
    check_out(weir, times=2000)
    before = weir.value("process_resident_memory_bytes")
    check_out(weir, times=2000)
    assert weir.value("process_resident_memory_bytes") - before < 16 << 20
    assert weir.value("weir_span_queue_size") <= 64
    assert spans(weir, "dropped_queue_full") > 1000
    until(lambda: spans(weir, "export_failed") > 16, "batches given up", timeout=60)
    assert weir.log().count("traces.export_fails") == 1
    start_receiver(port=port)
    until(lambda: spans(weir, "exported") > 0, "exported", timeout=60)
    until(lambda: weir.log().count("traces.export_works") == 1, "said", timeout=60)


@pytest.mark.alone
def test_ten_thousand_checkouts_with_a_dead_collector_cost_neither_memory_nor_time(start_weir, start_traced, postgres):
    traced, plain = start_traced(f"http://127.0.0.1:{free_port()}"), start_weir(postgres)

    def latency(weir):
        return pgbench.bench(weir.ports["trusted"], "tenant_a", clients=8, transactions=1250).latency_ms
    ratios = [latency(traced) / latency(plain)]
    before, made = resident_kib(traced.pid), sum(spans(traced, result) for result in RESULTS)
    ratios += [latency(traced) / latency(plain) for _ in range(4)]
    assert resident_kib(traced.pid) - before < 4 << 10
    assert statistics.median(ratios) < 1.5, ratios
    assert spans(traced, "exported") == 0
    assert sum(spans(traced, result) for result in RESULTS) - made > 4 * 10_000
    assert spans(traced, "dropped_queue_full") > 4 * 10_000


def test_no_span_is_counted_twice_or_not_at_all(receiver, start_traced):
    """Whatever becomes of one, it is in one of the numbers, and the collector has those exported."""
    receiver.answers = [Answer(400), Answer(503), Answer(500)]
    weir = start_traced(receiver.url)
    def works_again():
        check_out(weir, times=5)
        return spans(weir, "exported") > 0
    until(works_again, "exported", timeout=60)
    until(lambda: weir.value("weir_span_queue_size") == 0, "all taken", timeout=60)
    assert spans(weir, "rejected") > 0 and spans(weir, "export_failed") > 0
    until(lambda: len({span["spanId"] for span in receiver.spans()})
          == sum(spans(weir, result) for result in ("exported", "rejected", "export_failed")),
          "each span once", timeout=60)


def test_a_collector_with_a_certificate_of_the_given_authority_is_trusted(start_receiver, start_traced, pair, authority):
    receiver = start_receiver(certificate=pair)
    weir = start_traced(receiver.url, environment={"OTEL_EXPORTER_OTLP_CERTIFICATE": str(authority.crt)})
    check_out(weir)
    until(lambda: spans(weir, "exported") > 0, "exported", timeout=60)


def test_a_collector_with_any_other_certificate_gets_nothing(start_receiver, start_traced, pair):
    receiver = start_receiver(certificate=pair)
    weir = start_traced(receiver.url, environment={"OTEL_BSP_EXPORT_TIMEOUT": "2000"})
    check_out(weir)
    until(lambda: spans(weir, "export_failed") > 0, "given up", timeout=60)
    assert receiver.requests == []
    assert re.search(r"traces\.export_fails.*certificate", weir.log())


def test_the_environment_says_where_as_whom_and_with_which_headers(receiver, start_traced):
    weir = start_traced("http://127.0.0.1:9", environment={
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{receiver.url}/in?key=hidden-key",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20hidden-token,x-empty=",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_SERVICE_NAME": "front-door", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=a%2Cb"})
    check_out(weir)
    request = receiver.received(1)[0]
    assert request.path == "/in?key=hidden-key"
    assert request.headers["authorization"] == "Bearer hidden-token" and request.headers["x-empty"] == ""
    resource = resource_of(request.document())
    assert resource["service.name"] == "front-door" and resource["deployment.environment.name"] == "a,b"
    receiver.usual = Answer(400)
    check_out(weir)
    until(lambda: "traces.export_fails" in weir.log(), "said", timeout=60)
    shown = weir.log() + weir.admin("/api/v1/config")[1] + weir.admin("/metrics")[1]
    assert "hidden" not in shown
    assert re.search(r"OTEL_EXPORTER_OTLP_PROTOCOL.*expected http/json or http/protobuf", weir.log())


def test_a_proxy_is_asked_for_other_machines_only(start_receiver, receiver, start_traced):
    proxy = start_receiver()
    near = start_traced(receiver.url, environment={"http_proxy": proxy.url})
    check_out(near)
    receiver.received(1)
    assert proxy.requests == []
    far = start_traced("http://collector.invalid:4318", environment={"http_proxy": proxy.url})
    check_out(far)
    assert proxy.received(1)[0].path == "http://collector.invalid:4318/v1/traces"


def test_a_stop_sends_what_is_left(receiver, start_traced):
    weir = start_traced(receiver.url, environment=NEVER)
    check_out(weir, times=3)
    assert receiver.requests == []
    weir.stop()
    assert len([span for span in receiver.spans() if span["name"] == "transaction tenants"]) == 3


def test_a_stop_does_not_wait_for_a_collector_that_hangs(receiver, start_traced):
    """The harness asserts that it ends well, and soon enough."""
    receiver.usual = Answer(after=600)
    weir = start_traced(receiver.url)
    check_out(weir)
    receiver.received(1)
    weir.stop()


def test_another_endpoint_needs_a_restart(receiver, start_receiver, start_traced):
    weir = start_traced(receiver.url)
    elsewhere = start_receiver()
    weir.settings["traces"]["endpoint"] = elsewhere.url
    weir.config.write_text(toml.written(weir.settings))
    refused = weir.command("reload", check=False)
    assert refused.returncode != 0
    assert re.search(r"traces\.endpoint.*needs `weir restart`", refused.stdout + refused.stderr)
    weir.command("restart")
    check_out(weir)
    elsewhere.received(1)


def test_without_tracing_there_is_no_thread_and_every_number_is_zero(weir):
    assert {result: spans(weir, result) for result in RESULTS} == dict.fromkeys(RESULTS, 0)
    assert weir.value("weir_span_queue_size") == weir.value("weir_span_queue_capacity") == 0
    names = {path.read_text().strip() for path in Path(f"/proc/{weir.pid}/task").glob("*/comm")}
    assert "weir-otlp" not in names and names
