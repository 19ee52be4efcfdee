"""`mlz destroy env`: a domain with its apps and its shared file system, found among others of the same account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from mlz import cli
from mlz.stories import world
from sandbox.server import Sandbox

REGION, ACCOUNT = "eu-west-1", "111111111111"
OWNER = "ManagedByAmazonSageMakerResource"
SETTINGS = "environment: {name: shop, type: dev}\nregion: eu-west-1\nrollout: {poll_seconds: 0.05}\n"


def domain_stack(name: str) -> str:
    """A network and a domain with the file system that is SageMaker's default."""
    tags = [{"Key": "EnvironmentName", "Value": "shop"}, {"Key": "EnvironmentType", "Value": name}]
    role = f"arn:aws:iam::{ACCOUNT}:role/service-role/studio"
    resources = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16", "Tags": tags}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"}},
        "Domain": {
            "Type": "AWS::SageMaker::Domain",
            "Properties": {
                "DomainName": f"shop-{name}",
                "AuthMode": "IAM",
                "VpcId": {"Ref": "Vpc"},
                "SubnetIds": [{"Ref": "Subnet"}],
                "DefaultUserSettings": {"ExecutionRole": role},
                "Tags": tags,
            },
        },
        "Profile": {
            "Type": "AWS::SageMaker::UserProfile",
            "Properties": {"DomainId": {"Ref": "Domain"}, "UserProfileName": "ann"},
        },
    }
    return json.dumps({"Resources": resources, "Outputs": {"Domain": {"Value": {"Ref": "Domain"}}}})


@dataclass(frozen=True)
class Desk:
    """An environment `shop-dev` beside one `shop-dev2`, both with a domain, and a file system of nobody's."""

    aws: Sandbox
    capture: pytest.CaptureFixture[str]

    def client(self, service: str) -> Any:
        keys = self.aws.credentials(ACCOUNT)
        return boto3.client(service, endpoint_url=self.aws.endpoint, region_name=REGION, **keys)

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        ended = cli.run([*words, "--no-color"])
        out, error = self.capture.readouterr()
        assert ended == code, f"mlz {' '.join(words)}: exit {ended}\n{out}{error}"
        return out, error

    def deployed(self, name: str) -> str:
        """The id of the stack's domain."""
        api = self.client("cloudformation")
        api.create_stack(StackName=f"shop-{name}", TemplateBody=domain_stack(name))
        api.get_waiter("stack_create_complete").wait(StackName=f"shop-{name}", WaiterConfig={"Delay": 1})
        return str(api.describe_stacks(StackName=f"shop-{name}")["Stacks"][0]["Outputs"][0]["OutputValue"])

    def systems(self) -> list[str]:
        """Who owns the file systems: the domain, or nobody; with the number of mount targets."""
        found = self.client("efs").describe_file_systems()["FileSystems"]
        tags = [({tag["Key"]: tag["Value"] for tag in one["Tags"]}, one["NumberOfMountTargets"]) for one in found]
        return sorted(f"{of.get(OWNER, 'nobody').rpartition('/')[2]} {mounts}" for of, mounts in tags)

    def groups(self) -> list[str]:
        found = self.client("ec2").describe_security_groups(Filters=[{"Name": "tag-key", "Values": [OWNER]}])
        return sorted(group["GroupName"] for group in found["SecurityGroups"])


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    Path("mlz.yaml").write_text(SETTINGS)
    keys = tmp_path / "credentials"
    with Sandbox() as aws, world.environment(world.variables(keys, aws.endpoint, ACCOUNT, REGION)):
        yield Desk(aws, capsys)


@pytest.fixture
def domain(desk: Desk) -> str:
    """Ours, with apps of a space and of a profile, one of them failed; the other environment's stands beside it."""
    desk.deployed("dev2")
    desk.client("efs").create_file_system(CreationToken="nobody's")
    made = desk.deployed("dev")
    sagemaker = desk.client("sagemaker")
    sagemaker.create_space(DomainId=made, SpaceName="shared")
    for name in ("lab", "broken"):
        sagemaker.create_app(DomainId=made, SpaceName="shared", AppType="JupyterLab", AppName=name)
    sagemaker.create_app(DomainId=made, UserProfileName="ann", AppType="KernelGateway", AppName="kernel")
    desk.aws.studio.fail_app("broken")
    return made


OTHERS = ["d-shop-dev2 1", "nobody 0"]
OTHER_GROUPS = [f"security-group-for-{way}-nfs-d-shop-dev2" for way in ("inbound", "outbound")]


def test_the_plan_names_what_people_left_and_changes_nothing(desk: Desk, domain: str) -> None:
    """B027, B028."""
    _, told = desk.run("destroy", "env", "--plan")
    system = next(
        one["FileSystemId"]
        for one in desk.client("efs").describe_file_systems()["FileSystems"]
        if one["NumberOfMountTargets"] and any(tag["Value"].endswith(f"/{domain}") for tag in one["Tags"])
    )
    assert told.splitlines() == [
        "- the stack shop-dev",
        f"    the domain {domain} with 2 apps, 1 space and 1 user profile",
        f"    kept: the file system {system} of {domain}",
        f"    2 security groups and the mount targets of {domain}",
        f"  {ACCOUNT}: 3 stacks, roles and tagged resources",
        "next: the same without --plan does it",
    ]
    assert desk.systems() == ["d-shop-dev 1", *OTHERS]
    assert len(desk.client("sagemaker").list_apps(DomainIdEquals=domain)["Apps"]) == 3


@pytest.mark.usefixtures("domain")
def test_without_purge_the_file_system_stays_and_the_network_goes(desk: Desk) -> None:
    """B028: mount targets and groups would hold the VPC; the data does not."""
    out, _ = desk.run("destroy", "env", "--yes")
    kept, rest = out.splitlines()
    assert (kept.split(": ")[2].split()[:2], rest) == (["file", "system"], "nothing else is left in 1 account")
    assert desk.systems() == ["d-shop-dev 0", *OTHERS]
    assert desk.groups() == OTHER_GROUPS
    assert [one["CidrBlock"] for one in desk.client("ec2").describe_vpcs()["Vpcs"] if not one["IsDefault"]] == [
        "10.0.0.0/16"
    ]
    assert desk.run("destroy", "env", "--yes", "--purge")[0] == "nothing is left in 1 account\n"
    assert desk.systems() == OTHERS


@pytest.mark.usefixtures("domain")
def test_with_purge_the_file_system_goes_with_its_domain(desk: Desk) -> None:
    assert desk.run("destroy", "env", "--yes", "--purge")[0] == "nothing is left in 1 account\n"
    assert (desk.systems(), desk.groups()) == (OTHERS, OTHER_GROUPS)
    assert [row["DomainId"] for row in desk.client("sagemaker").list_domains()["Domains"]] == ["d-shop-dev2"]
    assert desk.client("cloudformation").describe_stacks()["Stacks"][0]["StackName"] == "shop-dev2"


@pytest.mark.parametrize("purges", [False, True])
def test_what_another_run_left_of_a_home_is_cleared(desk: Desk, domain: str, purges: bool) -> None:
    """The run before was cut off when the domain was gone, and only its stack still says that it was ours."""
    sagemaker = desk.client("sagemaker")
    for app in sagemaker.list_apps(DomainIdEquals=domain)["Apps"]:
        if app["Status"] == "InService":
            sagemaker.delete_app(**{key: app[key] for key in app if key not in ("Status", "CreationTime")})
    sagemaker.delete_space(DomainId=domain, SpaceName="shared")
    sagemaker.delete_user_profile(DomainId=domain, UserProfileName="ann")
    sagemaker.delete_domain(DomainId=domain)
    desk.run("destroy", "env", "--yes", *(["--purge"] if purges else []))
    assert desk.systems() == (OTHERS if purges else ["d-shop-dev 0", *OTHERS])
    assert desk.groups() == OTHER_GROUPS
