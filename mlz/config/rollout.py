"""The settings of a roll-out, and of stack sets that are not the environment's own."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from mlz.config.kinds import AccountId, OrganizationalUnit, Parameters, Part, Percent, Region, RoleName, SetName

Units = Annotated[
    tuple[OrganizationalUnit, ...], Meta(description="Accounts in these units, those of the units below included.")
]
Accounts = Annotated[tuple[AccountId, ...], Meta(description="These accounts.")]
Tags = Annotated[dict[str, str], Meta(description="Accounts that have all of these tags in the organization.")]
Left = Annotated[
    Literal["remove", "retain", "quarantine"],
    Meta(
        description="What becomes of accounts that left: their stacks are deleted, or the set forgets them and the "
        "stacks stay, or nothing is done to them: they stay in the set as they are and are reported.",
        extra={"want": "remove, retain or quarantine"},
    ),
]


class Wave(Part, frozen=True):
    """Accounts that are served together, by one of: share, units, tags, accounts."""

    name: Annotated[
        str,
        Meta(
            description="Default: its number.",
            pattern=r"^[a-z0-9][a-z0-9-]{0,30}$|^$",
            extra={"want": "a name of at most 31 lower-case letters, digits and hyphens"},
        ),
    ] = ""
    percent: Annotated[Percent, Meta(description="As many as bring the share that is served to this.")] = 0
    organizational_units: Units = ()
    accounts: Accounts = ()
    tags: Tags = field(default_factory=dict)


class Gate(Part, frozen=True):
    """What must hold before the next wave, and before the next stage."""

    bake_minutes: Annotated[
        float,
        Meta(
            ge=0,
            le=1440,
            description="Time that passes first, in which the alarms are watched.",
            extra={"want": "minutes, from 0 to 1440"},
        ),
    ] = 0.0
    alarms: Annotated[tuple[str, ...], Meta(description="CloudWatch alarms of which none may be in ALARM.")] = ()
    command: Annotated[
        tuple[str, ...], Meta(description="A program and its arguments; it must exit with 0. No shell is involved.")
    ] = ()


class Rollout(Part, frozen=True):
    """How fast and how carefully accounts are changed."""

    canaries: Annotated[
        tuple[AccountId, ...], Meta(description="Accounts that are served before all others of their stage.")
    ] = ()
    waves: Annotated[
        tuple[Wave, ...], Meta(description="Waves of each stage, in order; accounts that are in none come last.")
    ] = ()
    gate: Gate = Gate()
    failure_budget_percent: Annotated[
        Percent, Meta(description="Share of a stage's accounts that may fail and the next wave or stage still begins.")
    ] = 0
    max_concurrent_percent: Annotated[Percent, Meta(description="Share of a set's accounts changed at once.")] = 100
    failure_tolerance_percent: Annotated[
        Percent, Meta(description="Share of an operation's accounts that may fail before it stops.")
    ] = 10
    left_accounts: Left = "remove"
    max_removals: Annotated[
        int, Meta(ge=0, description="As many may be removed whatever their share.", extra={"want": "a number from 0"})
    ] = 2
    max_removal_percent: Annotated[
        Percent, Meta(description="A plan that removes a larger share of a set is refused.")
    ] = 20
    poll_seconds: Annotated[
        float,
        Meta(
            ge=0.05,
            le=60,
            description="First wait between looks at an operation; later ones grow.",
            extra={"want": "seconds, from 0.05 to 60"},
        ),
    ] = 1.0


class SetTargets(Part, frozen=True):
    """Accounts of a set: those in the units and those named; tags narrow this down, or the whole organization."""

    organizational_units: Units = ()
    accounts: Accounts = ()
    tags: Tags = field(default_factory=dict)
    exclude: Annotated[tuple[AccountId, ...], Meta(description="Accounts that are left alone.")] = ()

    @property
    def is_declared(self) -> bool:
        return bool(self.organizational_units or self.accounts or self.tags)


class Override(Part, frozen=True):
    """Parameter values of some accounts; where two give the same parameter, the later one holds."""

    parameters: Parameters
    organizational_units: Units = ()
    accounts: Accounts = ()


class StackSet(Part, frozen=True):
    """A SELF_MANAGED stack set of your own."""

    template: Annotated[
        str,
        Meta(
            description="A file, or https://BUCKET.s3.REGION.amazonaws.com/KEY, or s3://BUCKET/KEY.",
            min_length=1,
            extra={"want": "a template", "hint": "a file, or its place in S3"},
        ),
    ]
    targets: SetTargets = SetTargets()
    regions: Annotated[tuple[Region, ...], Meta(description="Default: the Region of this file.")] = ()
    parameters: Parameters = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    depends_on: Annotated[
        tuple[SetName, ...], Meta(description="Sets that must be converged before; others run at the same time.")
    ] = ()
    administration_role: Annotated[
        RoleName, Meta(description="Default: AWSCloudFormationStackSetAdministrationRole.")
    ] = ""
    execution_role: Annotated[RoleName, Meta(description="Default: AWSCloudFormationStackSetExecutionRole.")] = ""
    capabilities: Annotated[
        tuple[Literal["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"], ...],
        Meta(description="What the template is allowed to do."),
    ] = ()
    tags: Annotated[dict[str, str], Meta(description="Tags of its stacks, beside those of this file.")] = field(
        default_factory=dict
    )
    rollout: Annotated[Rollout, Meta(description="Default: the roll-out of this file.")] = Rollout()
