"""Certificates are read at the first connection that needs them, and nobody is trusted without."""

from __future__ import annotations

import ssl

import pytest

from pod_image.contract.late_certificates import LateCertificates


def test_what_was_not_read_trusts_nobody():
    context = LateCertificates(ssl.create_default_context)

    assert ssl.SSLContext.cert_store_stats(context)["x509_ca"] == 0
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_connection_is_checked_by_what_was_made_and_it_is_made_once():
    made = []

    def make():
        made.append(ssl.create_default_context())
        return made[-1]

    context = LateCertificates(make)
    context.set_alpn_protocols(["http/1.1"])
    assert (made, context.is_read) == ([], False)

    first, second = (
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="example.org")
        for _ in range(2)
    )

    assert first.context is second.context is made[0]
    assert (len(made), context.is_read) == (1, True)


def test_protocols_reach_the_connection_whenever_they_are_set():
    asked = []

    class Noting(ssl.SSLContext):
        def set_alpn_protocols(self, alpn_protocols):
            asked.append(list(alpn_protocols))

    context = LateCertificates(lambda: Noting(ssl.PROTOCOL_TLS_CLIENT))
    context.set_alpn_protocols(["http/1.1"])
    context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="example.org")
    context.set_alpn_protocols(["h2"])

    assert asked == [["http/1.1"], ["h2"]]


def test_a_certificate_that_cannot_be_read_is_an_error_of_the_connection():
    def fail():
        raise ssl.SSLError("no certificates")

    context = LateCertificates(fail)
    with pytest.raises(ssl.SSLError, match="no certificates"):
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="example.org")


def test_certificates_that_the_system_does_not_give_are_a_connection_that_failed_and_read_again() -> (
    None
):
    makes: list[OSError | ssl.SSLContext] = [
        OSError(24, "Too many open files"),
        ssl.create_default_context(),
    ]

    def make() -> ssl.SSLContext:
        made = makes.pop(0)
        if isinstance(made, OSError):
            raise made
        return made

    context = LateCertificates(make)
    with pytest.raises(ssl.SSLError, match="cannot be read: Too many open files"):
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="example.org")
    assert not context.is_read
    context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="example.org")
    assert context.is_read
