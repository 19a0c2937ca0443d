"""Runs the simulator's binary (SIMULATOR_BIN) for the tests of this folder."""

import datetime
import ipaddress
import json
import os
import select
import subprocess
import urllib.request

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

START_TIMEOUT = 20
# The clients below read these; nothing here goes through a proxy.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


class Simulator:
    """A running simulator and its control API."""

    def __init__(self, url):
        self.url = url

    def control(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_sim/{path}", data=data, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def state(self):
        return self.control("state")


def start(*arguments):
    binary = os.environ.get("SIMULATOR_BIN")
    if not binary:
        pytest.fail("set SIMULATOR_BIN to the mcp-simulator binary (cargo build -p mcp-simulator)")
    process = subprocess.Popen(
        [binary, "serve", "--listen", "127.0.0.1:0", *arguments], stdout=subprocess.PIPE, text=True
    )
    ready, _, _ = select.select([process.stdout], [], [], START_TIMEOUT)
    line = process.stdout.readline() if ready else ""
    if not line.startswith("listening on "):
        stop(process)
        pytest.fail("the simulator did not start")
    return process, line.split()[-1]


def stop(process):
    process.terminate()
    assert process.wait(timeout=10) == 0, "SIGTERM ends the simulator in order"


@pytest.fixture(scope="session")
def running():
    process, url = start()
    yield Simulator(url)
    stop(process)


@pytest.fixture
def simulator(running):
    """A simulator that remembers nothing, and saw no broken rule by the end of the test."""
    running.control("reset", {})
    yield running
    assert running.state()["violations"] == []


@pytest.fixture(scope="session")
def service_account_key():
    """A private key (PEM) and its public half, made for this run."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


@pytest.fixture
def tls_simulator(tmp_path):
    """A simulator that speaks TLS, and the file with its self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulator")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    process, url = start("--tls-cert", str(cert_file), "--tls-key", str(key_file))
    yield url, cert_file
    stop(process)
