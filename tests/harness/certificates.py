"""Certificates made by the openssl command: an authority in a folder, and what it has signed."""

import os
import shutil
from pathlib import Path

from .processes import run


class Authority:
    """Its own certificate is `crt`."""

    def __init__(self, folder, name="authority"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.crt = self.folder / "authority.crt"
        self._openssl("req", "-x509", *_KEY, "-days", "2", "-subj", f"/CN={name}",
                      "-keyout", "authority.key", "-out", "authority.crt")

    def sign(self, name, subject="/CN=localhost", names="IP:127.0.0.1,DNS:localhost", days=2,
             owner=None):
        """(certificate, key) as files; the key is readable to `owner` only."""
        self._openssl("req", *_KEY, "-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (self.folder / f"{name}.ext").write_text(f"subjectAltName = {names}\n" if names else "")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.crt",
                      "-CAkey", "authority.key", "-CAcreateserial", "-days", str(days),
                      "-extfile", f"{name}.ext", "-out", f"{name}.crt")
        certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        key.chmod(0o600)
        if owner and os.geteuid() == 0:
            shutil.chown(key, owner)
        return certificate, key

    def _openssl(self, *words):
        run(["openssl", *words], cwd=self.folder)


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
