"""Pages of a listing: opaque tokens, a size that the service caps, and an error for a token that it never gave."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.api.errors import AwsError

CLOUDFORMATION_PAGE = 100


def page(
    items: Sequence[Any],
    key: str,
    params: Mapping[str, Any],
    *,
    limit: int = CLOUDFORMATION_PAGE,
    error: str = "ValidationError",
) -> dict[str, Any]:
    """The page that `NextToken` and `MaxResults` ask for, with a token for the next one when there is more."""
    size = int(params.get("MaxResults") or limit)
    if not 1 <= size <= limit:
        raise AwsError(error, f"Value '{size}' at 'maxResults' failed to satisfy constraint: must be from 1 to {limit}")
    start = _offset(params.get("NextToken"), error)
    answer: dict[str, Any] = {key: list(items[start : start + size])}
    if start + size < len(items):
        answer["NextToken"] = base64.urlsafe_b64encode(f"from:{start + size}".encode()).decode()
    return answer


def _offset(token: Any, error: str) -> int:
    if not token:
        return 0
    try:
        name, _, number = base64.urlsafe_b64decode(str(token)).decode().partition(":")
        if name == "from":
            return int(number)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise AwsError(error, "NextToken is invalid.")
