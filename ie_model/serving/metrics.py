"""Figures of a running server in Prometheus' text format. They count texts and never hold any."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

#: Upper edges of the time histograms, in seconds.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


class Metrics:
    """The figures of one server, in a registry of its own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "ie_model_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self.request_seconds = Histogram(
            "ie_model_request_seconds", "Time to answer.", ("route",), buckets=_SECONDS, registry=registry
        )
        self.in_flight = Gauge("ie_model_requests_in_flight", "Requests being answered.", registry=registry)
        self.texts = Counter("ie_model_texts", "Texts extracted from.", registry=registry)
        self.characters = Counter("ie_model_characters", "Characters extracted from.", registry=registry)
        self.failures = Counter("ie_model_failures", "Texts that the extractor failed on.", registry=registry)
        self.queued = Gauge("ie_model_queue_characters", "Characters that wait.", ("lane",), registry=registry)
        self.batch_texts = Histogram(
            "ie_model_batch_texts", "Texts in a batch.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256), registry=registry
        )
        self.batch_seconds = Histogram(
            "ie_model_batch_seconds", "Time that a batch took.", buckets=_SECONDS, registry=registry
        )

    def text(self) -> bytes:
        """Everything, as a scraper reads it."""
        return generate_latest(self._registry)
