"""The public face of the CloudFormation engine: stacks, change sets, exports and the inventory of one sandbox."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

from . import graph, operations, parameters, preparation
from . import intake as intakes
from .changes import differs
from .changesets import ChangeSets
from .children import CHILDREN
from .errors import CfnError, invalid
from .intake import intake
from .inventory import inventory
from .model import JSON, ChangeSet, Export, Hooks, Physical, Stack, StackRequest
from .outputs import importers
from .preparation import Prepared
from .registry import Registry
from .runner import Runner
from .template import parse


class Engine:
    """One per sandbox, thread-safe. An operation returns at once and goes on in a thread, unless `wait` is set.

    Every method raises CfnError in AWS's words. Stacks are found by name (living ones) or by id (also deleted ones).
    """

    def __init__(self, hooks: Hooks) -> None:
        self.hooks = hooks
        self.registry = Registry(hooks, CHILDREN)
        self._runner = Runner(self.registry)
        self._change_sets = ChangeSets(self.registry)

    def create_stack(self, request: StackRequest, *, wait: bool = False) -> Stack:
        """AlreadyExistsException, InsufficientCapabilitiesException or ValidationError before anything is made."""
        existing = self.registry.find(request.account, request.region, request.name)
        if existing is not None and existing.status != "DELETE_COMPLETE":
            raise CfnError("AlreadyExistsException", f"Stack [{request.name}] already exists")
        prepared = intake(self.registry, request, None)
        stack = self.registry.new_stack(request, prepared.body, "CREATE_IN_PROGRESS")
        self._runner.start_create(stack, prepared, wait)
        return stack

    def update_stack(self, request: StackRequest, *, wait: bool = False) -> Stack:
        """ValidationError "No updates are to be performed." when nothing would change."""
        stack = self.stack(request.account, request.region, request.name)
        prepared = self._prepare_update(stack, request)
        if stack.status not in ("UPDATE_FAILED", "CREATE_FAILED") and not differs(self.registry, stack, prepared):
            raise invalid("No updates are to be performed.")
        self._runner.start_update(stack, prepared, wait)
        return stack

    def delete_stack(
        self,
        account: str,
        region: str,
        name: str,
        *,
        retain: frozenset[str] = frozenset(),
        token: str | None = None,
        role_arn: str | None = None,
        wait: bool = False,
    ) -> None:
        """Nothing happens when the stack does not exist, as on AWS. `retain` (RetainResources) needs DELETE_FAILED."""
        stack = self.registry.find(account, region, name)
        if stack is None or stack.status in ("DELETE_COMPLETE", "DELETE_IN_PROGRESS"):
            return
        self._refuse_delete(stack, retain)
        stack.token, stack.role_arn = token, role_arn or stack.role_arn
        if stack.status == "CREATE_IN_PROGRESS":
            self._runner.cancel(stack)
        self._runner.begin(stack, "DELETE_IN_PROGRESS")
        self._runner.run(stack, lambda: operations.delete(self.registry, stack, retain), wait)

    def _refuse_delete(self, stack: Stack, retain: frozenset[str]) -> None:
        if stack.termination_protection:
            raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if stack.status.endswith("_IN_PROGRESS") and stack.status not in ("CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"):
            raise invalid(f"Stack [{stack.stack_id}] cannot be deleted while in status {stack.status}")
        if retain and stack.status != "DELETE_FAILED":
            raise invalid(
                "Invalid operation on stack. RetainResources is only valid for stacks in the DELETE_FAILED state"
            )
        unknown = sorted(retain - stack.resources.keys())
        if unknown:
            raise invalid(f"Resources [{', '.join(unknown)}] do not exist in the stack")
        for export in self.exports(stack.account, stack.region):
            users = importers(self.registry, stack, export.name) if export.stack_id == stack.stack_id else []
            if users:
                raise invalid(f"Export {export.name} cannot be deleted as it is in use by {', '.join(users)}")

    def continue_update_rollback(
        self, account: str, region: str, name: str, *, skip: frozenset[str] = frozenset(), wait: bool = False
    ) -> None:
        stack = self.stack(account, region, name)
        deployment = self.registry.broken.get(stack.stack_id)
        if stack.status != "UPDATE_ROLLBACK_FAILED" or deployment is None:
            raise invalid(f"Stack:{stack.stack_id} is in {stack.status} state and can not continue rollback.")
        self._runner.begin(stack, "UPDATE_ROLLBACK_IN_PROGRESS")
        self._runner.run(stack, lambda: operations.roll_back(self.registry, stack, deployment, skip), wait)

    def set_termination_protection(self, account: str, region: str, name: str, enabled: bool) -> Stack:
        stack = self.stack(account, region, name)
        if stack.parent_id:
            raise invalid("UpdateTerminationProtection cannot be used on a nested stack; use its root stack")
        stack.termination_protection = enabled
        return stack

    def create_change_set(
        self,
        request: StackRequest,
        change_set_name: str,
        *,
        kind: str = "UPDATE",
        include_nested: bool = False,
        description: str | None = None,
        wait: bool = False,
    ) -> ChangeSet:
        """`kind` CREATE makes a REVIEW_IN_PROGRESS stack. An empty change set ends FAILED, it does not raise."""
        stack = self._stack_under_review(request, kind)
        try:
            self._runner.refuse_busy(stack, review=True)
            prepared = intake(self.registry, self._complete(request, stack), stack)
            _refuse_type_change(stack, prepared)
            made = self._change_sets.open(stack, prepared, change_set_name, kind, description, include_nested)
        except CfnError:
            self._drop_empty_review(stack)
            raise
        if wait:
            self._change_sets.fill(stack, made, prepared)
        else:
            threading.Thread(
                target=self._change_sets.fill, args=(stack, made, prepared), name="cfn-change-set", daemon=True
            ).start()
        return made

    def _stack_under_review(self, request: StackRequest, kind: str) -> Stack:
        existing = self.registry.find(request.account, request.region, request.name)
        if kind == "UPDATE":
            return self.stack(request.account, request.region, request.name)
        if existing is None or existing.status == "DELETE_COMPLETE":
            body = intakes.body_of(self.registry, request, None)
            intake(self.registry, request, None)
            fresh = self.registry.new_stack(request, body, "REVIEW_IN_PROGRESS")
            self.registry.status(fresh, "REVIEW_IN_PROGRESS", operations.USER)
            fresh.tags = dict(request.tags or {})
            return fresh
        if existing.status != "REVIEW_IN_PROGRESS":
            raise invalid(
                f"Stack [{request.name}] already exists and cannot be created again with the changeSet "
                f"[{existing.stack_id}]"
            )
        return existing

    def _drop_empty_review(self, stack: Stack) -> None:
        if stack.status == "REVIEW_IN_PROGRESS" and not stack.change_sets:
            self.registry.retire(stack)

    def change_set(self, account: str, region: str, name_or_id: str, stack: str | None = None) -> ChangeSet:
        """ChangeSetNotFound if there is none; `stack` may be left out when an id is given."""
        return self._change_sets.get(account, region, name_or_id, stack)

    def change_sets(self, account: str, region: str, stack: str) -> list[ChangeSet]:
        return list(self.stack(account, region, stack).change_sets.values())

    def execute_change_set(
        self,
        account: str,
        region: str,
        name_or_id: str,
        stack: str | None = None,
        *,
        disable_rollback: bool = False,
        token: str | None = None,
        wait: bool = False,
    ) -> None:
        made = self._change_sets.executable(account, region, name_or_id, stack)
        target = self.stack(account, region, made.stack_id)
        self._runner.refuse_busy(target, review=True)
        request = replace(
            made.request, template_body=made.template_body, template_url=None, disable_rollback=disable_rollback,
            client_request_token=token,
        )  # fmt: skip
        prepared = self._intake_large(request, target)
        made.execution_status = "EXECUTE_IN_PROGRESS"
        target.change_sets.clear()
        target.change_set_id = made.change_set_id
        if target.status == "REVIEW_IN_PROGRESS":
            self._runner.start_create(target, prepared, wait)
        else:
            self._runner.start_update(target, prepared, wait)
        made.execution_status = "EXECUTE_COMPLETE"

    def _intake_large(self, request: StackRequest, stack: Stack) -> Prepared:
        """A change set holds its template already, whatever its size."""
        held = stack.template_body
        stack.template_body = request.template_body or held
        try:
            return intake(self.registry, replace(request, template_body=None), stack)
        finally:
            stack.template_body = held

    def delete_change_set(self, account: str, region: str, name_or_id: str, stack: str | None = None) -> None:
        made = self.change_set(account, region, name_or_id, stack)
        target = self.stack(account, region, made.stack_id)
        target.change_sets.pop(made.name, None)

    def stack(self, account: str, region: str, name_or_id: str) -> Stack:
        """ValidationError "Stack with id X does not exist" if there is none."""
        return self.registry.get(account, region, name_or_id)

    def stacks(self, account: str, region: str, *, deleted: bool = False) -> list[Stack]:
        """Newest first; `deleted` also those in DELETE_COMPLETE."""
        home = self.registry.home(account, region)
        with self.registry.lock:
            found = list((home.by_id if deleted else home.living).values())
        return sorted(found, key=lambda stack: stack.created, reverse=True)

    def wait(self, stack: Stack, timeout: float = 600.0) -> Stack:
        """Block until no operation runs on the stack; TimeoutError after `timeout` seconds."""
        return self._runner.wait(stack, timeout)

    def exports(self, account: str, region: str) -> list[Export]:
        with self.registry.lock:
            return sorted(self.registry.home(account, region).exports.values(), key=lambda export: export.name)

    def imports(self, account: str, region: str, export_name: str) -> list[str]:
        """Names of the stacks that import it; ValidationError when nobody does, as ListImports."""
        living = self.registry.home(account, region).living
        names = sorted(stack.name for stack in list(living.values()) if export_name in stack.imports)
        if not names:
            raise invalid(f"Export '{export_name}' is not imported by any stack.")
        return names

    def template_summary(
        self, account: str, region: str, template_body: str | None = None, template_url: str | None = None
    ) -> dict[str, JSON]:
        """GetTemplateSummary's answer (Parameters, Capabilities, ResourceTypes …); validates as it reads."""
        request = StackRequest(account, region, "", template_body=template_body, template_url=template_url)
        template = parse(intakes.body_of(self.registry, request, None))
        graph.check_names(template, region)
        parameters.check_declarations(template)
        return preparation.summary(template)

    def validate(self, request: StackRequest, *, capability_code: str = "InsufficientCapabilitiesException") -> None:
        """Template, parameters, Rules and capabilities as CreateStackSet checks them, without effect."""
        intake(self.registry, request, None, capability_code=capability_code, deploys_here=False)

    def signal(self, token: str, body: bytes) -> bool:
        """A custom resource's answer, as PUT to `Hooks.response_url(token)`; False if nobody waits for it."""
        return self.registry.signal(token, body)

    def inventory(self) -> list[Physical]:
        """Every physical thing that stacks made and have not deleted, retained ones included."""
        return inventory(self.registry)

    def _complete(self, request: StackRequest, stack: Stack) -> StackRequest:
        """An update's request, with the stack's own tags where it names none."""
        return replace(request, tags=stack.tags) if request.tags is None else request

    def _prepare_update(self, stack: Stack, request: StackRequest) -> Prepared:
        self._runner.refuse_busy(stack)
        prepared = intake(self.registry, self._complete(request, stack), stack)
        _refuse_type_change(stack, prepared)
        return prepared


def _refuse_type_change(stack: Stack, prepared: Prepared) -> None:
    changed = sorted(_changed_types(stack, prepared))
    if changed:
        raise invalid(
            "Update of resource type is not permitted. The new template modifies resource type of the following "
            f"resources: [{', '.join(changed)}]"
        )


def _changed_types(stack: Stack, prepared: Prepared) -> Iterator[str]:
    for name, spec in prepared.template.resources.items():
        if name in stack.resources and stack.resources[name].type != spec.type:
            yield name
