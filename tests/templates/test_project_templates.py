"""The project templates are products of Service Catalog and, with the same body, templates that Studio finds in S3."""

from __future__ import annotations

import pytest

from generator.package.build import Site, build
from generator.package.manifest import Manifest
from mlz.release import product
from templates.env.iam import EnvIam
from templates.env.sagemaker_studio import EnvSagemakerStudio
from tests.templates.deployed import Deployed
from tests.templates.roles import Rendered

FILES = ("project-model-build-train.yaml", "project-model-deploy.yaml")
FOLDER = "sagemaker-mlops/project-templates"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return build(Site("my-bucket", "sagemaker-mlops", "eu-west-1"), product.product(), tmp_path_factory.mktemp("build"))


def test_studio_finds_both_templates_and_nothing_else_in_the_folder(manifest: Manifest) -> None:
    """M012: SageMaker Developer Guide, "Using a template from an Amazon S3 bucket"."""
    found = {one.key: one for one in manifest.objects if one.key.startswith(f"{FOLDER}/")}
    assert set(found) == {f"{FOLDER}/{name}" for name in FILES}
    tags = {"sagemaker:studio-visibility": "true", "servicecatalog:provisioning": "true"}
    assert all((one.tags, one.mutable) == (tags, True) for one in found.values())


def test_the_body_is_that_of_the_product(manifest: Manifest) -> None:
    for name in FILES:
        (listed,) = (one for one in manifest.objects if one.key == f"{FOLDER}/{name}")
        assert listed.sha256 == manifest.template(name).sha256


def test_the_parameters_that_sagemaker_gives_are_there(manifest: Manifest) -> None:
    for name in FILES:
        required = {key for key, one in manifest.template(name).parameters.items() if one.is_required}
        assert required == {"SageMakerProjectName", "SageMakerProjectId"}


def test_the_domain_says_where_its_templates_are() -> None:
    stack = Deployed(EnvSagemakerStudio, EnvName="sm-mlops")
    (domain,) = stack.resources("AWS::SageMaker::Domain").values()
    assert {"Key": "sagemaker:projectS3TemplatesLocation", "Value": f"s3://my-bucket/{FOLDER}/"} in domain["Tags"]


def test_studio_runs_stacks_of_these_templates_with_the_launch_role_only() -> None:
    iam = Rendered(EnvIam)
    launch = "arn:aws:iam::111111111111:role/sm-mlops-dev-eu-west-1-project-launch"
    assert iam.statement("SageMakerExecutionRole", "RunProjectStacks") == {
        "Sid": "RunProjectStacks",
        "Effect": "Allow",
        "Action": ["cloudformation:CreateStack", "cloudformation:UpdateStack"],
        "Resource": ["arn:aws:cloudformation:eu-west-1:111111111111:stack/SP-*/*"],
        "Condition": {
            "StringLike": {
                "cloudformation:TemplateUrl": [
                    f"https://my-bucket.s3.eu-west-1.amazonaws.com/{FOLDER}/*",
                    f"https://my-bucket.s3.amazonaws.com/{FOLDER}/*",
                ]
            },
            "ArnEquals": {"cloudformation:RoleArn": launch},
        },
    }
    services = [statement["Principal"]["Service"] for statement in iam.trust("SCProjectLaunchRole")]
    assert services == [["servicecatalog.amazonaws.com", "cloudformation.amazonaws.com"]]


def test_the_folder_is_read_with_its_tags_and_never_written() -> None:
    iam = Rendered(EnvIam)
    assert iam.statement("SageMakerExecutionRole", "ReadProjectTemplates") == {
        "Sid": "ReadProjectTemplates",
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:GetObjectTagging"],
        "Resource": [f"arn:aws:s3:::my-bucket/{FOLDER}/*"],
    }
    assert iam.statement("SageMakerExecutionRole", "ListProjectTemplates") == {
        "Sid": "ListProjectTemplates",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": ["arn:aws:s3:::my-bucket"],
        "Condition": {"StringLike": {"s3:prefix": [f"{FOLDER}", f"{FOLDER}/*"]}},
    }
