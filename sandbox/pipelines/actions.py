"""One action from its declaration to its end: role, artifacts, provider, and the reason when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.api.errors import AwsError, internal_failure
from sandbox.builds.service import Builds
from sandbox.pipelines import build_actions, sources, stack_sets
from sandbox.pipelines.approvals import Approvals
from sandbox.pipelines.context import Context, place_of, service_message
from sandbox.pipelines.model import ActionFailed, ActionRun, Execution, Outcome, not_emulated
from sandbox.pipelines.variables import resolved_all
from sandbox.service_roles import RoleSession, ServiceRoles

Provider = Callable[[Context], Outcome]


@dataclass(frozen=True)
class Actions:
    """Runs actions; a provider that is not in `_provider` fails with `not emulated`."""

    roles: ServiceRoles
    builds: Builds
    approvals: Approvals

    def run(self, execution: Execution, stage: str, declaration: Mapping[str, Any]) -> ActionRun:
        """The run, ended; it stands in the execution from its beginning."""
        run = ActionRun(stage, declaration)
        execution.actions.append(run)
        try:
            outcome = self._outcome(execution, run)
        except ActionFailed as failure:
            abandoned = execution.stopping.is_set() and execution.abandoned
            run.end("Abandoned" if abandoned else "Failed", failure=failure)
        else:
            execution.artifacts.update({stored.name: stored for stored in run.outputs})
            if declaration.get("namespace"):
                execution.namespaces[str(declaration["namespace"])] = dict(outcome.variables)
            run.end("Succeeded", outcome)
        return run

    def _outcome(self, execution: Execution, run: ActionRun) -> Outcome:
        try:
            return self._provided(execution, run)
        except ActionFailed:
            raise
        except AwsError as error:
            raise ActionFailed(error.message, "PermissionError" if error.status == 403 else error.code) from None
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            raise ActionFailed(service_message(error), "PermissionError" if "Denied" in code else code) from None
        except BotoCoreError as error:
            raise ActionFailed(str(error), "InternalError") from None
        except Exception as error:  # noqa: BLE001 - a defect here fails the action, so that no execution hangs
            raise ActionFailed(internal_failure(error).message, "InternalError") from None

    def _provided(self, execution: Execution, run: ActionRun) -> Outcome:
        provider = self._provider(run.declaration["actionTypeId"])
        run.resolved = resolved_all(run.declaration.get("configuration") or {}, execution)
        names = [row["name"] for row in run.declaration.get("inputArtifacts") or ()]
        missing = [name for name in names if name not in execution.artifacts]
        if missing:
            raise ActionFailed(f"No action has made the artifact {', '.join(missing)}", "ConfigurationError")
        run.inputs = tuple(execution.artifacts[name] for name in names)
        region = str(run.declaration.get("region") or "")
        run.outputs = tuple(
            place_of(execution, row["name"], region) for row in run.declaration.get("outputArtifacts") or ()
        )
        return provider(Context(execution, run, self._role(execution, run), self.builds))

    def _role(self, execution: Execution, run: ActionRun) -> RoleSession:
        pipeline_role = str(execution.declaration["roleArn"])
        session = self.roles.assume("codepipeline", pipeline_role, execution.account, execution.arn, execution.id)
        own = run.declaration.get("roleArn")
        return self.roles.chain(session, str(own), execution.id) if own else session

    def _provider(self, kind: Mapping[str, str]) -> Provider:
        match kind["owner"], kind["category"], kind["provider"]:
            case "AWS", "Source", "S3":
                return sources.from_s3
            case "AWS", "Source", "CodeCommit":
                return sources.from_codecommit
            case "AWS", "Source", "CodeStarSourceConnection":
                return sources.through_connection
            case "AWS", "Build" | "Test", "CodeBuild":
                return build_actions.build
            case "AWS", "Deploy", "CloudFormationStackSet":
                return stack_sets.deploy_set
            case "AWS", "Deploy", "CloudFormationStackInstances":
                return stack_sets.deploy_instances
            case "AWS", "Approval", "Manual":
                return self.approvals.wait
        raise not_emulated(f"action {kind['category']} of {kind['owner']} {kind['provider']}")
