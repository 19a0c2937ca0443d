"""TLS, with a client that checks the certificate."""

import json
import ssl
import urllib.error
import urllib.request

import pytest


def test_tls_is_spoken_with_the_certificate_that_was_given(tls_simulator):
    url, certificate = tls_simulator
    assert url.startswith("https://127.0.0.1:")
    trusting = ssl.create_default_context(cafile=str(certificate))
    with urllib.request.urlopen(f"{url}/_sim/state", context=trusting, timeout=10) as response:
        assert json.load(response)["messages"] == []
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"{url}/_sim/state", context=ssl.create_default_context(), timeout=10)
