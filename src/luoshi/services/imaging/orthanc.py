"""Starting the archive: Orthanc (https://www.orthanc-server.com) with its DICOMweb plugin, as Debian packages them.

It listens on this machine alone, has an account made for it, and speaks HTTP only: no DICOM port is open.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import time
from pathlib import Path

from luoshi.kernel.errors import Refused

PROGRAM = "Orthanc"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
PACKAGES = "orthanc orthanc-dicomweb"


def installed() -> bool:
    """Whether Orthanc and the plugin are there."""
    return shutil.which(PROGRAM) is not None and PLUGIN.exists()


def configure(folder: Path, port: int) -> Path:
    """Write the configuration and the address with a new password, readable by us alone. Gives the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(24)
    configuration = folder / "orthanc.json"
    wanted = {
        "Name": "Luoshi",
        "StorageDirectory": str(folder / "images"),
        "IndexDirectory": str(folder / "index"),
        "Plugins": [str(PLUGIN)],
        "HttpPort": port,
        "HttpBindAddresses": ["127.0.0.1"],
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {"luoshi": password},
        "DicomServerEnabled": False,
        "StorageCompression": True,
        "OverwriteInstances": False,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    for path, content in (
        (configuration, wanted),
        (folder / "address.json", {"dicomweb": f"http://luoshi:{password}@127.0.0.1:{port}/dicom-web"}),
    ):
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(json.dumps(content, indent=1), "utf-8")
    return configuration


def start(folder: Path, port: int, *, wait: float = 20) -> subprocess.Popen[bytes]:
    """Start the archive and wait until it answers. Raises `Refused` where it is not installed or does not come up."""
    if not installed():
        raise Refused(
            "Orthanc is not installed.", todo=f"Install {PACKAGES} (Debian), or name another by LUOSHI_DICOMWEB."
        )
    configuration = configure(folder, port)
    log = (folder / "orthanc.log").open("ab")
    process = subprocess.Popen([PROGRAM, str(configuration)], stdout=log, stderr=log)
    log.close()
    end = time.monotonic() + wait
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        if _answers(port):
            return process
        time.sleep(0.1)
    process.kill()
    raise Refused("the archive did not start.", where=str(folder / "orthanc.log"))


def _answers(port: int) -> bool:
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/system")
        return connection.getresponse().status in (200, 401)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
