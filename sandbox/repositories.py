"""What CodeCommit repositories hold, for which moto has no place: one branch, its newest commit, and its files."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.codecommit.models import CodeCommit, codecommit_backends

from sandbox.api.errors import AwsError
from sandbox.api.request import Call
from sandbox.events import Events

Row = Mapping[str, Any]
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Commit:
    """The newest commit of a branch; `content` is a zip of all its files."""

    branch: str
    content: bytes
    message: str = "Initial commit"
    parent: str = ""

    @property
    def id(self) -> str:
        told = f"{self.parent}\n{self.message}\n".encode()
        return hashlib.sha1(told + self.content, usedforsecurity=False).hexdigest()


class FilledRepository(CodeCommit):
    """moto's record with its commit; None for an empty repository."""

    head: Commit | None = None


def head_of(account: str, region: str, name: str, branch: str = "") -> Commit:
    """The newest commit of the repository; AwsError when there is none, or none on that branch."""
    head = _repository(account, region, name).head
    if head is None or branch not in ("", head.branch):
        raise AwsError("BranchDoesNotExistException", f"No branch with the name {branch or '?'} was found in {name}")
    return head


def _repository(account: str, region: str, name: str) -> FilledRepository:
    """RepositoryDoesNotExistException if there is none; one that CreateRepository made is empty and stays so."""
    found = codecommit_backends[account][region].repositories.get(name)
    if found is None:
        raise AwsError("RepositoryDoesNotExistException", f"{name} does not exist")
    if not isinstance(found, FilledRepository):
        raise AwsError("NotImplemented", f"not emulated: commits to {name}, which no stack made", 501)
    return found


@dataclass
class Repositories:
    """CodeCommit's operations on files; a commit is an event."""

    events: Events
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Row]]:
        return {
            ("codecommit", "GetBranch"): self.get_branch,
            ("codecommit", "GetFile"): self.get_file,
            ("codecommit", "PutFile"): self.put_file,
            ("codecommit", "CreateCommit"): self.create_commit,
        }

    def get_branch(self, call: Call) -> Row:
        head = head_of(call.account, call.region, call.params["repositoryName"], call.params["branchName"])
        return {"branch": {"branchName": head.branch, "commitId": head.id}}

    def get_file(self, call: Call) -> Row:
        path = str(call.params["filePath"])
        head = head_of(call.account, call.region, call.params["repositoryName"])
        files = _files(head.content)
        if path not in files:
            raise AwsError("FileDoesNotExistException", f"Could not find path {path}")
        text = base64.b64encode(files[path]).decode()
        return {
            "commitId": head.id,
            "blobId": _blob(files[path]),
            "filePath": path,
            "fileMode": "NORMAL",
            "fileSize": len(files[path]),
            "fileContent": text,
        }

    def put_file(self, call: Call) -> Row:
        path, content = str(call.params["filePath"]), base64.b64decode(call.params["fileContent"])
        commit = self._committed(call, {path: content}, ())
        return {"commitId": commit.id, "blobId": _blob(content), "treeId": _blob(commit.content)}

    def create_commit(self, call: Call) -> Row:
        put = {row["filePath"]: base64.b64decode(row["fileContent"]) for row in call.params.get("putFiles") or ()}
        gone = [row["filePath"] for row in call.params.get("deleteFiles") or ()]
        commit = self._committed(call, put, gone)
        return {"commitId": commit.id, "treeId": _blob(commit.content)}

    def _committed(self, call: Call, put: Mapping[str, bytes], gone: Any) -> Commit:
        name, branch = str(call.params["repositoryName"]), str(call.params["branchName"])
        with self._lock:
            repository = _repository(call.account, call.region, name)
            head = head_of(call.account, call.region, name, branch)
            if call.params.get("parentCommitId") != head.id:
                raise AwsError("ParentCommitIdOutdatedException", f"The newest commit of {branch} is {head.id}")
            files = {path: content for path, content in _files(head.content).items() if path not in gone}
            message = str(call.params.get("commitMessage") or "")
            commit = repository.head = Commit(branch, _zipped({**files, **put}), message, head.id)
        self._tell(call, repository, commit)
        return commit

    def _tell(self, call: Call, repository: FilledRepository, commit: Commit) -> None:
        metadata = repository.repository_metadata
        detail = {
            "event": "referenceUpdated",
            "referenceType": "branch",
            "referenceName": commit.branch,
            "referenceFullName": f"refs/heads/{commit.branch}",
            "repositoryName": metadata["repositoryName"],
            "repositoryId": metadata["repositoryId"],
            "commitId": commit.id,
            "oldCommitId": commit.parent,
            "callerUserArn": call.caller.arn,
        }
        kind = "CodeCommit Repository State Change"
        self.events.send(call.account, call.region, "aws.codecommit", kind, [metadata["Arn"]], detail)


def _files(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist() if not entry.is_dir()}


def _zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), files[path])
    return buffer.getvalue()


def _blob(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
