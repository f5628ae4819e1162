"""Certificates made for one test run with openssl: an authority, and servers that are right or wrong in one way each."""

import dataclasses
import pathlib
import subprocess

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


@dataclasses.dataclass
class Certificate:
    chain: pathlib.Path
    key: pathlib.Path


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    def __init__(self, folder):
        self.folder, self.file, self.key = folder, folder / "ca.pem", folder / "ca.key"
        openssl("req", "-x509", *CURVE, "-keyout", self.key, "-out", self.file, "-days", 2, "-subj", "/CN=test authority")

    def server(self, name, names="DNS:localhost,IP:127.0.0.1", days=2):
        """A server's certificate signed by this authority; with days=-1 it has expired."""
        made = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n")
        openssl("req", *CURVE, "-keyout", made.key, "-out", request, "-subj", "/CN=server")
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial",
                "-days", days, "-extfile", extensions, "-out", made.chain)
        return made

    def self_signed(self):
        made = Certificate(self.folder / "self.pem", self.folder / "self.key")
        openssl("req", "-x509", *CURVE, "-keyout", made.key, "-out", made.chain, "-days", 2, "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        return made
