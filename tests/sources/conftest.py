"""An S3 server on loopback that counts what it is asked."""

import logging
import re
from collections import Counter
from collections.abc import Iterator

import pyarrow.fs as pafs
import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from pipeline import filesystems


class S3(logging.Handler):
    """A server's log, read as what it did: requests by method, listings apart."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = Counter[str]()

    def emit(self, record: logging.LogRecord) -> None:
        found = re.search(r"(GET|HEAD|PUT|POST|DELETE) (\S+)", record.getMessage())
        if found:
            method, path = found.groups()
            self.requests["LIST" if "list-type=2" in path else method] += 1


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    log, requests = logging.getLogger("werkzeug"), S3()
    log.setLevel(logging.INFO)
    log.addHandler(requests)
    log.propagate = False
    with pytest.MonkeyPatch.context() as patch:
        host, port = server.get_host_and_port()
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        filesystems._filesystem.cache_clear()
        pafs.S3FileSystem(
            endpoint_override=f"http://{host}:{port}", allow_bucket_creation=True
        ).create_dir("bucket")
        yield requests
    filesystems._filesystem.cache_clear()
    server.stop()


@pytest.fixture
def s3(s3_server: S3) -> S3:
    """The server with an empty count; its bucket is `bucket`."""
    s3_server.requests.clear()
    return s3_server
