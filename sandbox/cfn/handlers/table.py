"""Type name to handler: everything live is listed in its service's table, all else is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from ..handler import Handler
from ..lookup import is_custom
from . import access, catalog, compute, custom, delivery, endpoints, iam, recorded, sagemaker, stacks, storage, vpc

TABLES: tuple[Mapping[str, Handler], ...] = (
    stacks.HANDLERS,
    iam.HANDLERS,
    vpc.HANDLERS,
    access.HANDLERS,
    catalog.HANDLERS,
    storage.HANDLERS,
    compute.HANDLERS,
    sagemaker.HANDLERS,
    endpoints.HANDLERS,
    delivery.HANDLERS,
)


@lru_cache(maxsize=2048)
def handler_of(type_name: str) -> Handler:
    if is_custom(type_name):
        return custom.HANDLER
    return next((table[type_name] for table in TABLES if type_name in table), recorded.HANDLER)
