"""The public face of the CloudFormation engine: stacks, change sets, exports and the inventory of one sandbox."""

from __future__ import annotations

from .model import JSON, ChangeSet, Export, Hooks, Physical, Stack, StackRequest


class Engine:
    """One per sandbox, thread-safe. An operation returns at once and goes on in a thread, unless `wait` is set.

    Every method raises CfnError in AWS's words. Stacks are found by name (living ones) or by id (also deleted ones).
    """

    def __init__(self, hooks: Hooks) -> None:
        self.hooks = hooks

    def create_stack(self, request: StackRequest, *, wait: bool = False) -> Stack:
        """AlreadyExistsException, InsufficientCapabilitiesException or ValidationError before anything is made."""
        raise NotImplementedError

    def update_stack(self, request: StackRequest, *, wait: bool = False) -> Stack:
        """ValidationError "No updates are to be performed." when nothing would change."""
        raise NotImplementedError

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
        raise NotImplementedError

    def continue_update_rollback(
        self, account: str, region: str, name: str, *, skip: frozenset[str] = frozenset(), wait: bool = False
    ) -> None:
        raise NotImplementedError

    def set_termination_protection(self, account: str, region: str, name: str, enabled: bool) -> Stack:
        raise NotImplementedError

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
        raise NotImplementedError

    def change_set(self, account: str, region: str, name_or_id: str, stack: str | None = None) -> ChangeSet:
        """ChangeSetNotFound if there is none; `stack` may be left out when an id is given."""
        raise NotImplementedError

    def change_sets(self, account: str, region: str, stack: str) -> list[ChangeSet]:
        raise NotImplementedError

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
        raise NotImplementedError

    def delete_change_set(self, account: str, region: str, name_or_id: str, stack: str | None = None) -> None:
        raise NotImplementedError

    def stack(self, account: str, region: str, name_or_id: str) -> Stack:
        """ValidationError "Stack with id X does not exist" if there is none."""
        raise NotImplementedError

    def stacks(self, account: str, region: str, *, deleted: bool = False) -> list[Stack]:
        """Newest first; `deleted` also those in DELETE_COMPLETE."""
        raise NotImplementedError

    def wait(self, stack: Stack, timeout: float = 600.0) -> Stack:
        """Block until no operation runs on the stack; TimeoutError after `timeout` seconds."""
        raise NotImplementedError

    def exports(self, account: str, region: str) -> list[Export]:
        raise NotImplementedError

    def imports(self, account: str, region: str, export_name: str) -> list[str]:
        """Names of the stacks that import it; ValidationError when nobody does, as ListImports."""
        raise NotImplementedError

    def template_summary(
        self, account: str, region: str, template_body: str | None = None, template_url: str | None = None
    ) -> dict[str, JSON]:
        """GetTemplateSummary's answer (Parameters, Capabilities, ResourceTypes …); validates the template as it reads."""
        raise NotImplementedError

    def validate(self, request: StackRequest, *, capability_code: str = "InsufficientCapabilitiesException") -> None:
        """Template, parameters, Rules and capabilities as CreateStack and CreateStackSet check them, without effect."""
        raise NotImplementedError

    def signal(self, token: str, body: bytes) -> bool:
        """A custom resource's answer, as PUT to `Hooks.response_url(token)`; False if nobody waits for it."""
        raise NotImplementedError

    def inventory(self) -> list[Physical]:
        """Every physical thing that stacks made and have not deleted, retained ones included."""
        raise NotImplementedError
