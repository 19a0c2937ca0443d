"""Keys and certificates, made at run time with openssl and kept in a folder that goes away with the run."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from steps.shell import run


@dataclass(frozen=True)
class Certificate:
    """A server's key and certificate in PEM, and the authority that signed it."""

    key: str
    certificate: str
    authority: str


def server_certificate(*names: str) -> Certificate:
    """A certificate for the given DNS names from an authority made for it alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        run(
            "openssl", "req", "-x509", *ec, "-keyout", path / "ca.key", "-out", path / "ca.crt", "-days", "30",
            "-subj", "/CN=mcp-platform test authority",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip
        run("openssl", "req", "-new", *ec, "-keyout", path / "tls.key", "-out", path / "tls.csr", "-subj", f"/CN={names[0]}")
        extensions = path / "extensions"
        extensions.write_text(
            f"subjectAltName={','.join(f'DNS:{name}' for name in names)}\n"
            "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n"
        )
        run(
            "openssl", "x509", "-req", "-in", path / "tls.csr", "-CA", path / "ca.crt", "-CAkey", path / "ca.key",
            "-set_serial", "2", "-days", "30", "-extfile", extensions, "-out", path / "tls.crt",
        )  # fmt: skip
        return Certificate(
            key=(path / "tls.key").read_text(),
            certificate=(path / "tls.crt").read_text(),
            authority=(path / "ca.crt").read_text(),
        )


def rsa_key() -> tuple[str, str]:
    """A 2048-bit key in PKCS#8 PEM, as Google's service-account files hold it, and its public half."""
    private = run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    return private, run("openssl", "pkey", "-pubout", stdin=private)
