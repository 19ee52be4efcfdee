"""Makers of what a SageMaker domain consists of."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from troposphere import And, AWSObject, Base64, Equals, GetAtt, Sub
from troposphere.sagemaker import (
    AppLifecycleManagement,
    CodeEditorAppSettings,
    DefaultEbsStorageSettings,
    DefaultSpaceSettings,
    DefaultSpaceStorageSettings,
    Domain,
    DomainSettings,
    EbsStorageSettings,
    IdleSettings,
    JupyterLabAppSettings,
    OwnershipSettings,
    ResourceSpec,
    Space,
    SpaceSettings,
    SpaceSharingSettings,
    SpaceStorageSettings,
    StudioLifecycleConfig,
    StudioWebPortalSettings,
    UserProfile,
    UserSettings,
)

from generator.cfn.contract import Param

# Name budgets: a domain's and a profile's name have 63 characters; these have 59 and 55 at the longest.
DOMAIN_NAME = "${EnvName}-${EnvType}-${AWS::Region}-sagemaker-domain"
PROFILE_NAME = "${EnvName}-${EnvType}-${AWS::Region}-user-profile"
APP_KINDS = ("JupyterLab", "CodeEditor")
# Studio Classic; its other type, KernelGateway, never had a place in the new navigation and cannot be listed.
CLASSIC_APPS = ["JupyterServer"]
SHORTEST_IDLE_MINUTES = 60
LONGEST_IDLE_MINUTES = 1440
VOLUME_GB = 20
LARGEST_VOLUME_GB = 100
CLEARING_SECONDS = 900
_SCRIPT = Path(__file__).parents[1] / "sources" / "lifecycle" / "sdk-defaults.sh"


class DeleteApps(AWSObject):
    """Custom::DeleteKernelGatewayApps: clears the domain before CloudFormation deletes it.

    `After` are the profile and the space: what is named there is created earlier and so deleted later.
    """

    resource_type = "Custom::DeleteKernelGatewayApps"
    props = {"ServiceToken": (str, True), "DomainId": (str, True), "After": (list, True)}  # noqa: RUF012 - troposphere's own form


class EnableProjects(AWSObject):
    """Custom::ResourceForEnablingSageMakerProjects: the execution role may use SageMaker's project templates."""

    resource_type = "Custom::ResourceForEnablingSageMakerProjects"
    props = {"ServiceToken": (str, True), "ExecutionRole": (str, True)}  # noqa: RUF012 - troposphere's own form


def both(first: Param, one: str, second: Param, other: str) -> And:
    """Two parameters have these values."""
    return And(Equals(first, one), Equals(second, other))


def sdk_defaults(kind: str, tags: Any) -> StudioLifecycleConfig:
    """The script that runs when an app starts. Its content cannot change in place, so its name carries the digest."""
    script = _SCRIPT.read_text()
    digest = hashlib.sha256(script.encode()).hexdigest()[:8]
    return StudioLifecycleConfig(
        f"{kind}Defaults",
        StudioLifecycleConfigName=Sub(f"${{EnvName}}-${{EnvType}}-{kind.lower()}-{digest}"),
        StudioLifecycleConfigAppType=kind,
        StudioLifecycleConfigContent=Base64(script),
        Tags=tags,
    )


def idle_shutdown(minutes: Any) -> AppLifecycleManagement:
    return AppLifecycleManagement(
        IdleSettings=IdleSettings(
            LifecycleManagement="ENABLED",
            IdleTimeoutInMinutes=minutes,
            MinIdleTimeoutInMinutes=SHORTEST_IDLE_MINUTES,
            MaxIdleTimeoutInMinutes=LONGEST_IDLE_MINUTES,
        )
    )


def storage() -> DefaultSpaceStorageSettings:
    return DefaultSpaceStorageSettings(
        DefaultEbsStorageSettings=DefaultEbsStorageSettings(
            DefaultEbsVolumeSizeInGb=VOLUME_GB, MaximumEbsVolumeSizeInGb=LARGEST_VOLUME_GB
        )
    )


def user_settings(role: Any, groups: Any, idle: Any, home: Any, scripts: list[StudioLifecycleConfig]) -> UserSettings:
    """Studio as the landing page, Classic hidden, idle shutdown; `scripts` are in the order of APP_KINDS."""
    jupyter, editor = ([GetAtt(script, "StudioLifecycleConfigArn")] for script in scripts)
    return UserSettings(
        ExecutionRole=role,
        SecurityGroups=groups,
        DefaultLandingUri="studio::",
        StudioWebPortal="ENABLED",
        StudioWebPortalSettings=StudioWebPortalSettings(HiddenAppTypes=CLASSIC_APPS),
        AutoMountHomeEFS=home,
        JupyterLabAppSettings=JupyterLabAppSettings(
            AppLifecycleManagement=idle_shutdown(idle),
            DefaultResourceSpec=_starts(jupyter),
            LifecycleConfigArns=jupyter,
        ),
        CodeEditorAppSettings=CodeEditorAppSettings(
            AppLifecycleManagement=idle_shutdown(idle),
            DefaultResourceSpec=_starts(editor),
            LifecycleConfigArns=editor,
        ),
        SpaceStorageSettings=storage(),
    )


def _starts(scripts: list[Any]) -> ResourceSpec:
    """The script that runs unless a person chooses another; the list of scripts alone only offers them."""
    return ResourceSpec(LifecycleConfigArn=scripts[0])


def space_settings(role: Any, groups: Any, idle: Any) -> DefaultSpaceSettings:
    """What shared spaces start with."""
    return DefaultSpaceSettings(
        ExecutionRole=role,
        SecurityGroups=groups,
        JupyterLabAppSettings=JupyterLabAppSettings(AppLifecycleManagement=idle_shutdown(idle)),
        SpaceStorageSettings=storage(),
    )


def domain(
    *,
    name: Any,
    auth_mode: Any,
    network_access: Any,
    vpc: Any,
    subnets: Any,
    key: Any,
    home: Any,
    source_identity: Any,
    users: UserSettings,
    spaces: DefaultSpaceSettings,
    tags: Any,
) -> Domain:
    """The domain; its tags reach the spaces and apps that people create in it."""
    return Domain(
        "SageMakerStudioDomain",
        DomainName=name,
        AuthMode=auth_mode,
        AppNetworkAccessType=network_access,
        VpcId=vpc,
        SubnetIds=subnets,
        KmsKeyId=key,
        HomeEfsFileSystemCreation=home,
        DomainSettings=DomainSettings(ExecutionRoleIdentityConfig=source_identity),
        DefaultUserSettings=users,
        DefaultSpaceSettings=spaces,
        TagPropagation="ENABLED",
        Tags=tags,
    )


def user_profile(domain_id: Any, name: Any, tags: Any) -> UserProfile:
    """The first user; everything it does not say comes from the domain."""
    return UserProfile("SageMakerUserProfile", DomainId=domain_id, UserProfileName=name, Tags=tags)


def prepared_space(domain_id: Any, profile: Any, tags: Any) -> Space:
    """A private JupyterLab space of the first user; its app starts when the user opens it."""
    return Space(
        "JupyterLabSpace",
        DependsOn="SageMakerUserProfile",
        DomainId=domain_id,
        SpaceName="jupyterlab",
        OwnershipSettings=OwnershipSettings(OwnerUserProfileName=profile),
        SpaceSharingSettings=SpaceSharingSettings(SharingType="Private"),
        SpaceSettings=SpaceSettings(
            AppType="JupyterLab",
            SpaceStorageSettings=SpaceStorageSettings(
                EbsStorageSettings=EbsStorageSettings(EbsVolumeSizeInGb=VOLUME_GB)
            ),
        ),
        Tags=tags,
    )
