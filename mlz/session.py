"""Identities: the caller's, and that of the organization's management account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlz.config import rules

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from stacksets.client import Cloud


def connected(settings: Settings) -> Cloud:
    """The caller in the Region of the settings; no call is made yet."""
    from stacksets.client import connect

    return connect(settings.profile, rules.region(settings))


def management(settings: Settings) -> Cloud:
    """The management account: access.management_profile, else the caller."""
    from stacksets.client import connect

    profile = settings.access.management_profile or settings.profile
    return connect(profile, rules.region(settings))
