"""A portfolio with one product, who may launch it, and with which role: what launches and projects are tried on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ACCOUNT, REGION = "222222222222", "eu-west-1"
URL = f"https://templates.s3.{REGION}.amazonaws.com/product.json"
LAUNCH_ROLE, USER_ROLE = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("launch", "science"))
Client = Callable[..., Any]

# A template with the parameters that SageMaker gives; `Color` red is one that no stack can have.
TEMPLATE = {
    "Parameters": {
        "SageMakerProjectName": {"Type": "String", "Default": "none"},
        "SageMakerProjectId": {"Type": "String", "Default": "none"},
        "Color": {"Type": "String", "Default": "blue", "AllowedValues": ["blue", "green", "red"]},
    },
    "Conditions": {"IsRed": {"Fn::Equals": [{"Ref": "Color"}, "red"]}},
    "Resources": {
        "Name": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": {"Fn::Sub": "${SageMakerProjectName} ${SageMakerProjectId}"}},
        },
        "Red": {
            "Type": "AWS::SSM::Parameter",
            "Condition": "IsRed",
            "Properties": {"Type": "String", "Value": "{{resolve:ssm:/there/is/none}}"},
        },
    },
    "Outputs": {"Color": {"Value": {"Ref": "Color"}}},
}


@dataclass(frozen=True)
class Shop:
    """An account with the portfolio; `user` is a session that the portfolio admits."""

    make: Client
    user: dict[str, Any]
    product: str
    portfolio: str

    def client(self, service: str, *, admitted: bool = True) -> Any:
        return self.make(service, ACCOUNT, credentials=self.user if admitted else None)


def opened(make: Client, trusting: Callable[..., str]) -> Shop:
    """Set it up: bucket, roles, and the stack with the portfolio."""
    s3, iam, cfn = (make(service, ACCOUNT) for service in ("s3", "iam", "cloudformation"))
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="templates", Key="product.json", Body=json.dumps(TEMPLATE))
    iam.create_role(RoleName="launch", AssumeRolePolicyDocument=trusting(service="servicecatalog.amazonaws.com"))
    role_of_people(iam, "science", trusting(ACCOUNT))
    made = cfn.create_stack(StackName="shop", TemplateBody=json.dumps(_portfolio()))["StackId"]
    cfn.get_waiter("stack_create_complete").wait(StackName=made, WaiterConfig={"Delay": 0.05})
    user = make("sts", ACCOUNT).assume_role(RoleArn=USER_ROLE, RoleSessionName="ann")["Credentials"]
    ids = {row["LogicalResourceId"]: row for row in cfn.describe_stack_resources(StackName=made)["StackResources"]}
    return Shop(make, user, ids["Product"]["PhysicalResourceId"], ids["Portfolio"]["PhysicalResourceId"])


def role_of_people(iam: Any, name: str, trust: str) -> None:
    """A role that may do everything: what is refused to it, the catalog refuses."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=document)


def _portfolio() -> dict[str, Any]:
    held = {"PortfolioId": {"Ref": "Portfolio"}, "ProductId": {"Ref": "Product"}}
    version = {"Name": "v1", "Info": {"LoadTemplateFromURL": URL}}
    who = {"PortfolioId": {"Ref": "Portfolio"}, "PrincipalARN": USER_ROLE, "PrincipalType": "IAM"}
    resources = {
        "Portfolio": ("Portfolio", {"DisplayName": "paint", "ProviderName": "us"}),
        "Product": (
            "CloudFormationProduct",
            {"Name": "color", "Owner": "us", "ProvisioningArtifactParameters": [version]},
        ),
        "Held": ("PortfolioProductAssociation", held),
        "Launched": ("LaunchRoleConstraint", {**held, "RoleArn": LAUNCH_ROLE}),
        "Admitted": ("PortfolioPrincipalAssociation", who),
    }
    return {
        "Resources": {
            name: {"Type": f"AWS::ServiceCatalog::{kind}", "Properties": properties}
            for name, (kind, properties) in resources.items()
        }
    }
