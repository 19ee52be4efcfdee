"""product-user-profile.yaml: a person's profile in the environment's Studio, as a Service Catalog product."""

from __future__ import annotations

from troposphere import Equals, Sub
from troposphere.sagemaker import (
    EbsStorageSettings,
    OwnershipSettings,
    Space,
    SpaceSettings,
    SpaceSharingSettings,
    SpaceStorageSettings,
    UserProfile,
    UserSettings,
)

from generator.cfn.contract import Cond, Out, Param, switch
from generator.cfn.stack import Stack
from templates.env.studio_domain import LARGEST_VOLUME_GB, VOLUME_GB
from templates.parameters import ENV_NAME, ENV_TYPE, environment_tags
from templates.products.environment import GROUP, look_up, name_parameter
from templates.project.environment import environment
from templates.published import ENVIRONMENT


class ProductUserProfile(Stack):
    """The profile runs with the environment's execution role; what it does not say comes from the domain."""

    FILE = "product-user-profile.yaml"
    DESCRIPTION = "User profile in the SageMaker domain of an environment, with a private space if wanted"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    NAME = name_parameter("UserName", "Whose profile it is; the profile's name ends with it", 32)
    PERSONA = Param(
        "Persona",
        "What the person works as: a tag of the profile, for reports of use and cost",
        default="data-scientist",
        allowed=("data-scientist", "ml-engineer"),
        group=GROUP,
        label="Kind of role",
    )
    CREATE_SPACE = switch(
        "CreatePrivateSpace",
        "YES adds a private JupyterLab space of the person",
        default="NO",
        group=GROUP,
        label="Private space",
    )
    VOLUME = Param(
        "VolumeGB",
        "Size of the private space's volume",
        type="Number",
        default=VOLUME_GB,
        min_value=5,
        max_value=LARGEST_VOLUME_GB,
        group=GROUP,
        label="Volume",
    )

    CREATES_SPACE = Cond("CreatesSpace", Equals(CREATE_SPACE, "YES"))

    PROFILE_NAME = Out("UserProfileName", "Name of the profile")
    DOMAIN_ID = Out("DomainId", "SageMaker domain of the profile")

    def build(self) -> None:
        self.add(look_up(self.NAME))
        domain = environment("DomainId")
        profile = self.add(
            UserProfile(
                "UserProfile",
                DomainId=domain,
                UserProfileName=Sub(f"{ENVIRONMENT}-${{UserName}}"),
                UserSettings=UserSettings(
                    ExecutionRole=environment("ExecutionRole"), SecurityGroups=environment("SecurityGroups")
                ),
                Tags=environment_tags(Persona=self.PERSONA),
            )
        )
        name = Sub(f"{ENVIRONMENT}-${{UserName}}")
        self.add(private_space(domain, name, self.VOLUME, profile), self.CREATES_SPACE)
        self.put(self.PROFILE_NAME, name)
        self.put(self.DOMAIN_ID, domain)


def private_space(domain: object, owner: object, size: object, profile: UserProfile) -> Space:
    """Its app starts when the person opens it, and stops when idle, as the domain says."""
    return Space(
        "PrivateSpace",
        DependsOn=profile.title,
        DomainId=domain,
        SpaceName=Sub(f"{ENVIRONMENT}-${{UserName}}"),
        OwnershipSettings=OwnershipSettings(OwnerUserProfileName=owner),
        SpaceSharingSettings=SpaceSharingSettings(SharingType="Private"),
        SpaceSettings=SpaceSettings(
            AppType="JupyterLab",
            SpaceStorageSettings=SpaceStorageSettings(EbsStorageSettings=EbsStorageSettings(EbsVolumeSizeInGb=size)),
        ),
        Tags=environment_tags(),
    )
