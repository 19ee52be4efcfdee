"""One S3 for each test, and the environment that leads there."""

from collections.abc import Iterator

import botocore.session
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from tests.package.world import ACCOUNT, REGION, GuardedS3, new_s3, serve

assert DEFAULT_ACCOUNT_ID == ACCOUNT


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[GuardedS3]:
    s3_backends.reset()
    guarded = new_s3()
    url, stop = serve(guarded)
    for name in ("AWS_PROFILE", "AWS_ACCOUNT_ID", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    yield guarded
    stop()


@pytest.fixture
def client(s3: GuardedS3) -> object:
    del s3
    return botocore.session.Session().create_client("s3", region_name=REGION)
