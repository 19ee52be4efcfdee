"""What CodeCommit repositories hold: the files that their stack gave them, which moto has no place for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from moto.codecommit.models import CodeCommit, codecommit_backends

from sandbox.api.errors import AwsError


@dataclass(frozen=True)
class Seed:
    """A branch with one commit; `content` is a zip of its files."""

    branch: str
    content: bytes

    @property
    def commit_id(self) -> str:
        return hashlib.sha1(self.content, usedforsecurity=False).hexdigest()


class SeededRepository(CodeCommit):
    """moto's record with a first commit; `seed` is None for an empty repository."""

    seed: Seed | None = None


def seed_of(account: str, region: str, name: str) -> Seed:
    """The files of a repository; AwsError when there is none or it is empty."""
    repository = codecommit_backends[account][region].repositories.get(name)
    if repository is None:
        raise AwsError("RepositoryDoesNotExistException", f"{name} does not exist")
    seed = repository.seed if isinstance(repository, SeededRepository) else None
    if seed is None:
        raise AwsError(
            "BranchDoesNotExistException", f"{name} has no commit: the sandbox knows seed code of stacks only"
        )
    return seed
