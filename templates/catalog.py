"""CATALOG: every template, in deployment order, and the names under which people and projects find things."""

from __future__ import annotations

from pathlib import Path

from generator.cfn.stack import Stack
from templates.core.iam_sc_sm_projects_roles import CoreIamScSmProjectsRoles
from templates.core.iam_shared_roles import CoreIamSharedRoles
from templates.core.main import CoreMain
from templates.core.package_cfn import PackageCfn
from templates.core.reconciliation import CoreReconciliation
from templates.core.sc_shared_portfolio import CoreScSharedPortfolio
from templates.core.security_controls import CoreSecurityControls
from templates.core.shared_services_ecs import CoreSharedServicesEcs
from templates.core.shared_services_network import CoreSharedServicesNetwork
from templates.delivery.ci_oidc import CiOidc
from templates.delivery.platform_delivery import PlatformDelivery
from templates.env.iam import EnvIam
from templates.env.iam_setup_stackset_role import EnvIamSetupStacksetRole
from templates.env.kms import EnvKms
from templates.env.main import EnvMain
from templates.env.quickstart import DataScienceEnvironmentQuickstart
from templates.env.s3 import EnvS3
from templates.env.sagemaker_studio import EnvSagemakerStudio
from templates.env.sc_portfolio import EnvScPortfolio
from templates.env.sc_workspaces import EnvScWorkspaces
from templates.env.vpc import EnvVpc
from templates.organization.guardrails import OrganizationGuardrails
from templates.products.notebook import ProductNotebook
from templates.products.user_profile import ProductUserProfile
from templates.project.model_build_train import ProjectModelBuildTrain
from templates.project.model_deploy import ProjectModelDeploy
from templates.published import PROJECT_TEMPLATES_FOLDER, STUDIO_VISIBLE
from templates.target.iam_target_account_roles import EnvIamTargetAccountRoles

SOURCES = Path(__file__).parent / "sources"

CATALOG: tuple[type[Stack], ...] = (
    OrganizationGuardrails,
    PackageCfn,
    CoreIamSharedRoles,
    CoreIamScSmProjectsRoles,
    CoreSharedServicesNetwork,
    CoreSharedServicesEcs,
    CoreSecurityControls,
    CoreScSharedPortfolio,
    CoreMain,
    CoreReconciliation,
    EnvIamSetupStacksetRole,
    EnvIam,
    EnvVpc,
    EnvKms,
    EnvS3,
    EnvIamTargetAccountRoles,
    EnvSagemakerStudio,
    EnvScPortfolio,
    ProductUserProfile,
    ProductNotebook,
    EnvScWorkspaces,
    EnvMain,
    DataScienceEnvironmentQuickstart,
    ProjectModelBuildTrain,
    ProjectModelDeploy,
    PlatformDelivery,
    CiOidc,
)

# Templates that people launch by hand or that the reference published under a stable name
ENTRIES = frozenset(
    stack.FILE
    for stack in (
        OrganizationGuardrails,
        PackageCfn,
        CoreMain,
        CoreReconciliation,
        EnvMain,
        DataScienceEnvironmentQuickstart,
        EnvIamSetupStacksetRole,
        EnvScPortfolio,
        ProjectModelBuildTrain,
        ProjectModelDeploy,
        PlatformDelivery,
        CiOidc,
    )
)

# Seed of each kind of project repository: folder under sources/seed -> key below the prefix, as the reference has it
SEEDS = {
    "model-build-train": "seed-code/mlops-model-build-train-v1.0.zip",
    "model-deploy": "seed-code/mlops-model-deploy-v1.0.zip",
}
# The notebooks about the platform itself, one archive below the prefix; those about a project stand in its seed
NOTEBOOKS = "notebooks/sm-notebooks-v1.0.zip"
SEED_TAGS = {"servicecatalog:provisioning": "true"}
# The project templates once more, in the folder that the domain's tag names: Studio lists it and shows what is tagged
PROJECT_TEMPLATES = {
    stack.FILE: f"{PROJECT_TEMPLATES_FOLDER}/{stack.FILE}" for stack in (ProjectModelBuildTrain, ProjectModelDeploy)
}
PROJECT_TAGS = {**SEED_TAGS, **STUDIO_VISIBLE}
