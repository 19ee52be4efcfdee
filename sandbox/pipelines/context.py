"""What an action has to work with: its resolved configuration, its role, its artifacts."""

from __future__ import annotations

import io
import secrets
import string
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sandbox.builds.model import Stored
from sandbox.builds.service import Builds
from sandbox.permissions import require
from sandbox.pipelines.model import ActionFailed, ActionRun, Execution
from sandbox.service_roles import RoleSession

_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Context:
    """One action in one execution; `role` is the action's role, or the pipeline's."""

    execution: Execution
    run: ActionRun
    role: RoleSession
    builds: Builds

    @property
    def configuration(self) -> Mapping[str, str]:
        return self.run.resolved

    def client(self, service: str) -> Any:
        return self.role.client(service, str(self.run.declaration.get("region") or ""))

    @property
    def is_abandoned(self) -> bool:
        """Whether somebody stopped the execution without waiting for its actions."""
        return self.execution.stopping.is_set() and self.execution.abandoned

    def may(self, service: str, *operations: str) -> None:
        """Refused unless the role may call what CodePipeline itself does without a call that others see."""
        for operation in operations:
            require(self.role.caller, service, operation)

    def required(self, name: str) -> str:
        """A value of the configuration; ActionFailed when it is not there."""
        if name not in self.configuration:
            raise ActionFailed(f"{self.run.name}: configuration lacks {name}", "ConfigurationError")
        return self.configuration[name]

    def store(self, content: bytes) -> None:
        """Keep a zip as the action's output artifacts."""
        for stored in self.run.outputs:
            encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": stored.key_id} if stored.key_id else {}
            self.client("s3").put_object(Bucket=stored.bucket, Key=stored.key, Body=content, **encryption)

    def fetched(self, artifact: str) -> bytes:
        """The zip of an artifact, read with the action's role."""
        stored = self.execution.artifacts.get(artifact)
        if stored is None:
            raise ActionFailed(f"{self.run.name}: no action has made the artifact {artifact}", "ConfigurationError")
        body: bytes = self.client("s3").get_object(Bucket=stored.bucket, Key=stored.key)["Body"].read()
        return body

    def file(self, reference: str) -> str:
        """The text of `Artifact::path`."""
        artifact, _, path = reference.partition("::")
        with zipfile.ZipFile(io.BytesIO(self.fetched(artifact))) as archive:
            if path not in archive.namelist():
                raise ActionFailed(f"File [{path}] does not exist in artifact [{artifact}]", "ConfigurationError")
            return archive.read(path).decode()


def place_of(execution: Execution, artifact: str, region: str) -> Stored:
    """Where an artifact of this execution goes, as CodePipeline names its objects."""
    stores = execution.declaration.get("artifactStores") or {}
    store = stores.get(region or execution.region) or execution.declaration["artifactStore"]
    random = "".join(secrets.choice(_ALPHABET) for _ in range(7))
    key_id = str((store.get("encryptionKey") or {}).get("id", ""))
    return Stored(str(store["location"]), f"{execution.name[:20]}/{artifact[:10]}/{random}", artifact, key_id)


def service_message(error: ClientError) -> str:
    """The service's own words, without botocore's."""
    found = error.response.get("Error", {})
    return f"{found.get('Message') or error} (Operation: {error.operation_name}; Error Code: {found.get('Code')})"
