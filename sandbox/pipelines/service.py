"""CodePipeline's operations on executions; pipelines themselves are moto's records."""

from __future__ import annotations

import contextlib
import copy
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.codepipeline.models import CodePipeline, codepipeline_backends

from sandbox.api.errors import AwsError
from sandbox.api.request import Call
from sandbox.builds.service import Builds
from sandbox.pipelines import views
from sandbox.pipelines.actions import Actions
from sandbox.pipelines.approvals import Approvals
from sandbox.pipelines.executor import Executor, succeeded
from sandbox.pipelines.model import Execution
from sandbox.pipelines.turns import Turns
from sandbox.pipelines.variables import declared
from sandbox.service_roles import ServiceRoles

Row = Mapping[str, Any]
Emit = Callable[[Execution], None]


@dataclass
class Pipelines:
    """All executions by pipeline ARN, oldest first; `emit` hears of each that begins or ends. Thread-safe."""

    roles: ServiceRoles
    builds: Builds
    emit: Emit
    approvals: Approvals = field(default_factory=Approvals)
    _executions: dict[str, list[Execution]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _executor: Executor = field(init=False)

    def __post_init__(self) -> None:
        self._executor = Executor(Actions(self.roles, self.builds, self.approvals), Turns(self.executions), self.emit)

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Row]]:
        return {
            ("codepipeline", "StartPipelineExecution"): self.start_execution,
            ("codepipeline", "StopPipelineExecution"): self.stop_execution,
            ("codepipeline", "RetryStageExecution"): self.retry_stage,
            ("codepipeline", "GetPipelineState"): self.state,
            ("codepipeline", "GetPipelineExecution"): self.get_execution,
            ("codepipeline", "ListPipelineExecutions"): self.list_executions,
            ("codepipeline", "ListActionExecutions"): self.list_actions,
            ("codepipeline", "PutApprovalResult"): self.put_approval,
        }

    def executions(self, arn: str) -> list[Execution]:
        """Of one pipeline, oldest first."""
        with self._lock:
            return list(self._executions.get(arn, ()))

    def start(
        self,
        account: str,
        region: str,
        name: str,
        variables: Mapping[str, str],
        trigger: Mapping[str, str],
        token: str = "",
    ) -> Execution:
        """Begin an execution, in a thread; an earlier one with the same token is the answer again."""
        pipeline = find(account, region, name)
        declaration = copy.deepcopy(pipeline.pipeline)
        try:
            given = declared(declaration, variables)
        except LookupError as error:
            raise AwsError("ValidationException", str(error.args[0])) from None
        with self._lock:
            earlier = next((e for e in self._executions.get(pipeline._arn, ()) if token and e.token == token), None)
            if earlier is not None:
                return earlier
            execution = Execution(declaration, pipeline._arn, trigger, {"variables": given}, token=token)
            execution.namespaces["codepipeline"] = {"PipelineExecutionId": execution.id}
            self._executions.setdefault(pipeline._arn, []).append(execution)
        self._begin(execution, declaration["stages"])
        return execution

    def created(self, account: str, region: str, name: str) -> None:
        """A new pipeline runs at once, with the defaults of its variables; one without a default waits for a call."""
        with contextlib.suppress(AwsError):
            self.start(account, region, name, {}, {"triggerType": "CreatePipeline", "triggerDetail": "CloudFormation"})

    def deleted(self, account: str, region: str, name: str) -> None:
        """Executions go with their pipeline; those that run begin no further action."""
        place = (account, region, name)
        with self._lock:
            gone = [arn for arn, some in self._executions.items() if _place(some[0]) == place]
            left = [execution for arn in gone for execution in self._executions.pop(arn)]
        for execution in left:
            execution.abandoned = True
            execution.stopping.set()

    def told_of_new(self, call: Call, answer: Row) -> None:
        """After CreatePipeline."""
        self.created(call.account, call.region, str(answer["pipeline"]["name"]))

    def told_of_gone(self, call: Call, _answer: Row) -> None:
        """After DeletePipeline."""
        self.deleted(call.account, call.region, str(call.params["name"]))

    def _begin(self, execution: Execution, stages: Sequence[Row], keep: Collection[str] = ()) -> None:
        threading.Thread(target=self._executor.run, args=(execution, stages, keep), daemon=True).start()

    def stop_all(self) -> None:
        """Let nothing more begin, and what runs end as soon as it may: the sandbox ends."""
        for execution in self._running():
            execution.abandoned = True
            execution.stopping.set()

    def wait(self, seconds: float) -> None:
        """Until all have ended; at most so long."""
        end = time.monotonic() + seconds
        while self._running() and time.monotonic() < end:
            time.sleep(0.02)

    def _running(self) -> list[Execution]:
        with self._lock:
            return [e for some in self._executions.values() for e in some if not e.has_ended]

    def start_execution(self, call: Call) -> Row:
        params = call.params
        if params.get("sourceRevisions"):
            raise AwsError("NotImplemented", "not emulated: sourceRevisions of StartPipelineExecution", 501)
        variables = {row["name"]: row["value"] for row in params.get("variables") or ()}
        trigger = {"triggerType": "StartPipelineExecution", "triggerDetail": call.caller.arn}
        token = str(params.get("clientRequestToken") or "")
        execution = self.start(call.account, call.region, str(params["name"]), variables, trigger, token)
        return {"pipelineExecutionId": execution.id}

    def stop_execution(self, call: Call) -> Row:
        execution = self._execution(call)
        if execution.has_ended:
            reason = f"The pipeline execution {execution.id} has ended already"
            raise AwsError("PipelineExecutionNotStoppableException", reason)
        execution.abandoned = bool(call.params.get("abandon"))
        execution.set("Stopping", str(call.params.get("reason") or ""))
        execution.stopping.set()
        return {"pipelineExecutionId": execution.id}

    def retry_stage(self, call: Call) -> Row:
        execution, name = self._execution(call), str(call.params["stageName"])
        stages = list(execution.declaration["stages"])
        place = next((number for number, stage in enumerate(stages) if stage["name"] == name), None)
        if place is None:
            raise AwsError("StageNotFoundException", f"Stage {name} was not found in {execution.name}")
        if execution.status != "Failed" or name not in execution.stages or execution.stages[name].status != "Failed":
            raise AwsError("StageNotRetryableException", f"Stage {name} has not failed in execution {execution.id}")
        keep = succeeded(execution, stages[place]) if call.params["retryMode"] == "FAILED_ACTIONS" else []
        execution.set("InProgress")
        execution.summary = ""
        self._begin(execution, stages[place:], keep)
        return {"pipelineExecutionId": execution.id}

    def state(self, call: Call) -> Row:
        pipeline = find(call.account, call.region, str(call.params["name"]))
        return views.state(pipeline, self.executions(pipeline._arn))

    def get_execution(self, call: Call) -> Row:
        return {"pipelineExecution": views.execution(self._execution(call))}

    def list_executions(self, call: Call) -> Row:
        found = self._of(call)[::-1]
        wanted = (call.params.get("filter") or {}).get("succeededInStage", {}).get("stageName")
        if wanted:
            found = [e for e in found if wanted in e.stages and e.stages[wanted].status == "Succeeded"]
        return {"pipelineExecutionSummaries": [views.summary(e) for e in found[: call.params.get("maxResults") or 100]]}

    def list_actions(self, call: Call) -> Row:
        wanted = (call.params.get("filter") or {}).get("pipelineExecutionId")
        found = [e for e in self._of(call)[::-1] if wanted in (None, e.id)]
        return {"actionExecutionDetails": [views.action(e, run) for e in found for run in reversed(e.actions)]}

    def put_approval(self, call: Call) -> Row:
        params = call.params
        pipeline = find(call.account, call.region, str(params["pipelineName"]))
        stage = next((s for s in pipeline.pipeline["stages"] if s["name"] == params["stageName"]), None)
        if stage is None:
            raise AwsError("StageNotFoundException", f"Stage {params['stageName']} was not found")
        if params["actionName"] not in [action["name"] for action in stage["actions"]]:
            raise AwsError("ActionNotFoundException", f"Action {params['actionName']} was not found")
        runs = [e.latest(params["stageName"], params["actionName"]) for e in self.executions(pipeline._arn)]
        if not any(run is not None and run.token == params["token"] for run in runs):
            raise AwsError("InvalidApprovalTokenException", f"No action waits for the token {params['token']}")
        return {"approvedAt": self.approvals.decide(str(params["token"]), params["result"], call.caller.arn)}

    def _of(self, call: Call) -> list[Execution]:
        return self.executions(find(call.account, call.region, str(call.params["pipelineName"]))._arn)

    def _execution(self, call: Call) -> Execution:
        wanted = str(call.params["pipelineExecutionId"])
        found = next((execution for execution in self._of(call) if execution.id == wanted), None)
        if found is None:
            reason = f"{call.params['pipelineName']} has no execution {wanted}"
            raise AwsError("PipelineExecutionNotFoundException", reason)
        return found


def _place(execution: Execution) -> tuple[str, str, str]:
    return execution.account, execution.region, execution.name


def find(account: str, region: str, name: str) -> CodePipeline:
    """PipelineNotFoundException if there is none."""
    found = codepipeline_backends[account][region].pipelines.get(name)
    if found is None:
        reason = f"Account '{account}' does not have a pipeline with name '{name}'"
        raise AwsError("PipelineNotFoundException", reason)
    return found
