"""What the engine keeps and hands out (requests, stacks, events, change sets), and what it asks of its host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

JSON = Any
Kind = Literal["live", "recorded"]


@dataclass(frozen=True)
class StackRequest:
    """One CreateStack, UpdateStack or CreateChangeSet call.

    Give `template_body` or `template_url`; neither means UsePreviousTemplate (updates only). `previous` names the
    parameters sent with UsePreviousValue. `tags` None keeps a stack's tags on update. `on_failure` is DO_NOTHING,
    ROLLBACK or DELETE (create); `disable_rollback` True equals DO_NOTHING.
    """

    account: str
    region: str
    name: str
    template_body: str | None = None
    template_url: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    previous: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset()
    tags: Mapping[str, str] | None = None
    role_arn: str | None = None
    on_failure: str = "ROLLBACK"
    disable_rollback: bool = False
    termination_protection: bool = False
    notification_arns: tuple[str, ...] = ()
    client_request_token: str | None = None
    parent_id: str | None = None
    root_id: str | None = None
    description: str | None = None


@dataclass(slots=True)
class Event:
    """One row of DescribeStackEvents; `properties` are the resource's own, to be shown as JSON text."""

    event_id: str
    stack_id: str
    stack_name: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    time: datetime
    reason: str | None = None
    properties: dict[str, JSON] | None = None
    token: str | None = None


@dataclass(slots=True)
class Resource:
    """One logical resource of a stack and the physical thing behind it.

    `properties` are resolved and normalised by schema; `attributes` are those that the handler knows (others are made
    from the schema when asked for). `kind` says whether something exists in a service (live) or only here (recorded).
    """

    logical_id: str
    type: str
    physical_id: str
    status: str
    time: datetime
    properties: dict[str, JSON] = field(default_factory=dict)
    attributes: dict[str, JSON] = field(default_factory=dict)
    kind: Kind = "recorded"
    reason: str | None = None
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    metadata: JSON = None
    depends_on: frozenset[str] = frozenset()
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Output:
    key: str
    value: str
    description: str | None = None
    export_name: str | None = None


@dataclass(frozen=True)
class ShownParameter:
    """A row of DescribeStacks' Parameters: NoEcho values are masked, `resolved` is set for SSM parameter types."""

    key: str
    value: str
    resolved: str | None = None


@dataclass
class Stack:
    """A stack's record; callers read it and never write. Statuses change while an operation runs in its thread."""

    stack_id: str
    name: str
    account: str
    region: str
    created: datetime
    status: str
    request: StackRequest
    template_body: str
    parameters: dict[str, str] = field(default_factory=dict)
    values: dict[str, JSON] = field(default_factory=dict)
    no_echo: frozenset[str] = frozenset()
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()
    description: str | None = None
    reason: str | None = None
    updated: datetime | None = None
    deleted: datetime | None = None
    outputs: tuple[Output, ...] = ()
    resources: dict[str, Resource] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    imports: frozenset[str] = frozenset()
    role_arn: str | None = None
    notification_arns: tuple[str, ...] = ()
    parent_id: str | None = None
    root_id: str | None = None
    disable_rollback: bool = False
    termination_protection: bool = False
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    change_set_id: str | None = None
    token: str | None = None

    def output(self, key: str) -> str:
        """The output's value; KeyError if the stack has none by that name."""
        return next(o.value for o in self.outputs if o.key == key) if self.has_output(key) else _no_output(self, key)

    def has_output(self, key: str) -> bool:
        return any(o.key == key for o in self.outputs)

    def shown_parameters(self) -> list[ShownParameter]:
        return [self._shown(key) for key in self.parameters]

    def _shown(self, key: str) -> ShownParameter:
        if key in self.no_echo:
            return ShownParameter(key, "****")
        given, value = self.parameters[key], self.values.get(key)
        shown = ",".join(value) if isinstance(value, list) else str(value)
        return ShownParameter(key, given, shown if shown != given and value is not None else None)


def _no_output(stack: Stack, key: str) -> str:
    raise KeyError(f"{stack.name} has no output {key}")


@dataclass(frozen=True)
class ChangeDetail:
    """Why a resource changes. `attribute`: Properties, Tags, Metadata, DeletionPolicy …; `name` the property."""

    attribute: str
    name: str | None
    requires_recreation: Literal["Never", "Conditionally", "Always"]
    evaluation: Literal["Static", "Dynamic"]
    source: Literal["DirectModification", "ParameterReference", "ResourceReference", "ResourceAttribute", "Automatic"]
    causing_entity: str | None = None
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Change:
    """One ResourceChange. `replacement` is None unless action is Modify; `change_set_id` is the nested change set's."""

    action: Literal["Add", "Modify", "Remove"]
    logical_id: str
    physical_id: str | None
    type: str
    replacement: Literal["True", "False", "Conditional"] | None = None
    scope: tuple[str, ...] = ()
    details: tuple[ChangeDetail, ...] = ()
    policy_action: str | None = None
    change_set_id: str | None = None


@dataclass
class ChangeSet:
    """`status` CREATE_IN_PROGRESS → CREATE_COMPLETE | FAILED; `execution_status` AVAILABLE, UNAVAILABLE, EXECUTE_… ."""

    change_set_id: str
    name: str
    stack_id: str
    stack_name: str
    type: Literal["CREATE", "UPDATE"]
    created: datetime
    request: StackRequest
    status: str = "CREATE_IN_PROGRESS"
    execution_status: str = "UNAVAILABLE"
    reason: str | None = None
    changes: tuple[Change, ...] = ()
    parameters: tuple[ShownParameter, ...] = ()
    description: str | None = None
    include_nested: bool = False
    parent_id: str | None = None
    root_id: str | None = None
    template_body: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Export:
    name: str
    value: str
    stack_id: str
    stack_name: str


@dataclass(frozen=True)
class Physical:
    """A row of the inventory: one physical thing that a stack made and that has not been deleted."""

    account: str
    region: str
    type: str
    physical_id: str
    stack: str
    logical_id: str
    kind: Kind
    retained: bool = False


class Hooks(Protocol):
    """What the engine asks of the sandbox that hosts it."""

    def now(self) -> datetime: ...

    def read_template(self, url: str, account: str, region: str) -> str:
        """The text behind a TemplateURL, read as `account`; raises CfnError as AWS words it."""

    def invoke_function(self, account: str, region: str, arn: str, payload: dict[str, JSON]) -> None:
        """Send a custom resource's request to a Lambda function or SNS topic and return without waiting.

        The answer comes back by `Engine.signal`. Raises ResourceError when the target does not exist.
        """

    def response_url(self, token: str) -> str:
        """The URL at which a PUT becomes `Engine.signal(token, body)`."""

    def stack_set_resource(
        self, action: Literal["create", "update", "delete"], scope: Scope, physical_id: str | None, properties: JSON
    ) -> str:
        """Do an AWS::CloudFormation::StackSet resource to its end; returns `<name>:<uuid>`, raises ResourceError."""

    def pipeline_created(self, account: str, region: str, name: str) -> None:
        """Told of each new CodePipeline pipeline: its first execution starts by itself."""

    def pipeline_deleted(self, account: str, region: str, name: str) -> None:
        """Told of each pipeline that goes: its executions end."""

    def before(self, account: str, region: str, action: str, type_name: str, logical_id: str) -> None:
        """Called before each resource's `create`, `update`, `delete`; may sleep or raise ResourceError (a fault)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a resource lives: the stack that owns it, its account and Region, its tags (stack's and own, merged)."""

    account: str
    region: str
    partition: str
    url_suffix: str
    stack_id: str
    stack_name: str
    logical_id: str
    tags: Mapping[str, str]
