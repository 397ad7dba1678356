"""From a number to a trace: exemplars in a real Prometheus name spans that a collector has."""

import time

import pytest

from harness.otlp_receiver import OtlpReceiver
from harness.prometheus import Prometheus
from harness.raw import RawClient
from harness.waiting import until

HISTOGRAMS = ["weir_acquire_wait_seconds_bucket", "weir_connection_use_seconds_bucket", "weir_query_seconds_bucket"]


@pytest.fixture
def receiver():
    receiver = OtlpReceiver().start()
    yield receiver
    receiver.stop()


def ask(weir, statements):
    with RawClient(weir.ports["trusted"]).login("tenant_a") as client:
        for statement in statements:
            client.query(statement)


def test_exemplars_in_prometheus_name_exported_spans(start_weir, postgres, folder, receiver):
    weir = start_weir(postgres, traces={"endpoint": receiver.url, "sample_ratio": 1.0},
                      environment={"OTEL_BSP_SCHEDULE_DELAY": "200"})
    prometheus = Prometheus(folder / "prometheus-of-exemplars", [f"127.0.0.1:{weir.admin_port}"],
                            options=["--enable-feature=exemplar-storage"])
    began = time.time() - 1
    try:
        prometheus.start()

        def kept():
            ask(weir, ["SELECT 1", "SELECT pg_sleep(0.02)"])
            return all(prometheus.exemplars(name, began) for name in HISTOGRAMS)
        until(kept, "exemplars of every histogram", timeout=60, every=0.5)
        found = [one for name in HISTOGRAMS for one in prometheus.exemplars(name, began)]
    finally:
        prometheus.stop()
    for series, exemplar in found:
        assert series["pool"] == "tenants" and float(exemplar["value"]) <= float(series["le"])
        assert abs(exemplar["timestamp"] - time.time()) < 600

    def exported():
        return {(span["traceId"], span["spanId"]) for span in receiver.spans()}
    named = {(one["labels"]["trace_id"], one["labels"]["span_id"]) for _, one in found}
    until(lambda: named <= exported(), lambda: f"{named - exported()} exported", timeout=60)


def test_without_a_sampled_trace_there_is_no_exemplar(start_weir, postgres, receiver):
    weir = start_weir(postgres, traces={"endpoint": receiver.url, "sample_ratio": 0.0})
    ask(weir, ["SELECT 1"] * 20)
    status, text = weir.admin("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert status == 200 and text.endswith("# EOF\n") and " # {" not in text
