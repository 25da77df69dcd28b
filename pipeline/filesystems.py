"""The filesystem behind a place: local paths and gs://, s3://, hdfs:// URIs by `pyarrow.fs`."""

import functools
import os

import pyarrow as pa
import pyarrow.fs as pafs

from tokenizer.errors import MalmoiError

OBJECT_STORES = ("s3://", "gs://", "gcs://")


def resolve(uri: str) -> tuple[pafs.FileSystem, str, str]:
    """(filesystem, prefix, path in the filesystem) with prefix + path naming the same place."""
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return _filesystem("", ""), "", uri
    if scheme == "file":
        return _filesystem("", ""), "", rest
    root, slash, path = rest.partition("/")
    if scheme in ("hdfs", "viewfs"):
        return _filesystem(scheme, root), f"{scheme}://{root}", slash + path or "/"
    return _filesystem(scheme, root), f"{scheme}://", rest.strip("/")


@functools.cache
def _filesystem(scheme: str, root: str) -> pafs.FileSystem:
    """The filesystem of a scheme and its bucket or host; credentials come from the environment."""
    if not scheme:
        return pafs.LocalFileSystem()
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if scheme == "s3" and (endpoint or region):  # `from_uri` would ask AWS for the bucket's region
        return pafs.S3FileSystem(
            endpoint_override=endpoint,
            region=region,
            allow_delayed_open=True,  # a small object is one request instead of three
            request_timeout=60,  # seconds; Arrow's own 3 are few for a store under load
        )
    try:
        return pafs.FileSystem.from_uri(f"{scheme}://{root}/")[0]
    except (pa.ArrowInvalid, OSError) as error:
        raise MalmoiError(
            f"{scheme}://{root}: cannot be opened ({error}); paths are local, gs://, s3:// or hdfs://"
        ) from error
