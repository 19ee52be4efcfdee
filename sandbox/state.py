"""moto's global state, which one sandbox after another uses."""

from __future__ import annotations

from moto.core.base_backend import BackendDict
from moto.organizations.models import organizations_backends
from moto.s3.models import s3_backends


def forget_everything() -> None:
    """Empty every account of every service that has been used."""
    BackendDict.reset()
    s3_backends.bucket_accounts.clear()
    organizations_backends.master_accounts.clear()
