# %% [markdown]
# # Set-up: which environment is this?
#
# Run this notebook first. It finds the SageMaker domain of your environment by the tags `EnvironmentName` and
# `EnvironmentType`, reads what the environment publishes for its projects, and keeps it in `~/mlops-environment.json`,
# where the other notebooks read it. It changes nothing in AWS.

# %% imports
import json
from pathlib import Path

import boto3

# %% [markdown]
# Where there are several environments in this account and Region, say which one.

# %% parameters tags=["parameters"]
ENVIRONMENT = ""  # such as "sm-mlops-dev"; empty: the only one there is

# %% [markdown]
# ## The domain
#
# A domain belongs to an environment when it carries both tags. Other domains of the account are left out.

# %% find-domain
sagemaker = boto3.client("sagemaker")


def tags_of(arn):
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


domains = {}
for page in sagemaker.get_paginator("list_domains").paginate():
    for listed in page["Domains"]:
        tags = tags_of(listed["DomainArn"])
        if {"EnvironmentName", "EnvironmentType"} <= tags.keys():
            domains[f"{tags['EnvironmentName']}-{tags['EnvironmentType']}"] = (listed["DomainId"], tags)

chosen = ENVIRONMENT or (next(iter(domains)) if len(domains) == 1 else "")
if chosen not in domains:
    raise LookupError(f"ENVIRONMENT is {chosen or 'not set'}; there are: {', '.join(sorted(domains)) or 'none'}")
domain_id, domain_tags = domains[chosen]
domain = sagemaker.describe_domain(DomainId=domain_id)
print(f"environment {chosen}: domain {domain['DomainName']} ({domain_id})")

# %% [markdown]
# ## What the environment publishes
#
# Every value is an SSM parameter, `<EnvName>-<EnvType>-<key>`. Builds of projects get the same values under the names
# on the left as variables.

# %% load-configuration
KEYS = {
    "VPC_ID": "vpc-id",
    "SUBNET_IDS": "private-subnet-ids",
    "SECURITY_GROUP_IDS": "sagemaker-sg-ids",
    "S3_VPCE_ID": "s3-vpce-id",
    "DATA_BUCKET": "data-bucket-name",
    "MODEL_BUCKET": "model-bucket-name",
    "SEED_CODE_BUCKET": "seed-code-s3bucket-name",
    "S3_KMS_KEY_ARN": "kms-s3-key-arn",
    "EBS_KMS_KEY_ARN": "kms-ebs-key-arn",
    "PIPELINE_EXECUTION_ROLE_ARN": "sm-pipeline-execution-role-arn",
    "MODEL_EXECUTION_ROLE_NAME": "sm-model-execution-role-name",
    "STACKSET_ADMINISTRATION_ROLE_ARN": "stackset-administration-role-arn",
    "ENV_TYPE_STAGING_NAME": "env-type-staging-name",
    "ENV_TYPE_PROD_NAME": "env-type-prod-name",
    "STAGING_ACCOUNTS": "staging-account-list",
    "PRODUCTION_ACCOUNTS": "production-account-list",
}
ssm = boto3.client("ssm")
names = {f"{chosen}-{key}": variable for variable, key in KEYS.items()}
published = {}
for start in range(0, len(names), 10):  # GetParameters takes ten names
    answer = ssm.get_parameters(Names=list(names)[start : start + 10])
    published |= {names[one["Name"]]: one["Value"] for one in answer["Parameters"]}
    for name in answer["InvalidParameters"]:
        print(f"not published: {name}")
for variable, value in sorted(published.items()):
    print(f"{variable:34}{value}")

# %% [markdown]
# ## The network
#
# Studio and all jobs run in the environment's private subnets. The execution role refuses jobs without subnets and
# security groups, so the other notebooks pass these on.

# %% network-configuration
settings = domain["DefaultUserSettings"]
network = {
    "VPC_ID": domain["VpcId"],
    "SUBNET_IDS": ",".join(domain["SubnetIds"]),
    "SECURITY_GROUP_IDS": ",".join(settings["SecurityGroups"]),
}
for variable, value in network.items():
    agrees = set(value.split(",")) == set(published.get(variable, value).split(","))
    print(f"{variable:34}{value}{'' if agrees else '  (published: ' + published[variable] + ')'}")
print(f"{'access from Studio':34}{domain['AppNetworkAccessType']}")

# %% [markdown]
# ## Kept for the other notebooks

# %% store
configuration = {
    **published,
    **network,
    "ENV_NAME": domain_tags["EnvironmentName"],
    "ENV_TYPE": domain_tags["EnvironmentType"],
    "AWS_REGION": sagemaker.meta.region_name,
    "DOMAIN_ID": domain_id,
    "EXECUTION_ROLE_ARN": settings["ExecutionRole"],
}
kept = Path.home() / "mlops-environment.json"
kept.write_text(json.dumps(configuration, indent=2, sort_keys=True))
print(f"{len(configuration)} values in ~/{kept.name}")
