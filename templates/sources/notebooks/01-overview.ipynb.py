# %% [markdown]
# # What this platform consists of
#
# One development account, where people work in Studio, and target accounts for staging and production, where models
# are deployed and nobody works. `mlz` is the command with which the platform's administrators keep it; in Studio you
# need none.
#
# ```mermaid
# flowchart LR
#     subgraph settings [Administrators]
#         yaml[mlz.yaml] --> generate[mlz generate] --> lint[mlz lint] --> package[mlz package]
#     end
#     subgraph dev [Development account]
#         core[core: shared roles, portfolios, controls]
#         env[environment: VPC, keys, buckets, roles, domain]
#         projects[projects: repository, builds, pipeline]
#         core --> env --> projects
#     end
#     subgraph staging [Staging accounts]
#         s1[roles, network] --> s2[endpoint]
#     end
#     subgraph prod [Production accounts]
#         p1[roles, network] --> p2[endpoint]
#     end
#     package -- "mlz deploy core, env" --> dev
#     package -- "mlz deploy targets: stack sets" --> s1 & p1
#     projects -- "a project's stack sets" --> s2 & p2
# ```

# %% [markdown]
# ## The life of a model
#
# ```mermaid
# flowchart LR
#     data[data bucket] --> train[SageMaker pipeline: prepare, train, evaluate]
#     train -- error small enough --> registered[model package, pending]
#     registered -- team administrator approves --> build[deploy pipeline: build]
#     build --> staging[staging: stack set, test]
#     staging -- "approval, by somebody else" --> first[first production account, smoke test]
#     first --> all[all production accounts]
#     all -- captured data --> drift[drift check] -. retraining .-> train
# ```
#
# | who | may | may not |
# |---|---|---|
# | data scientist, Studio | train, register models, create projects | approve models or deployments |
# | ML engineer | bring data in | touch models |
# | team administrator | approve models, start deployments | train |
# | model approver, where the environment keeps four eyes | let tested models into production | approve packages |

# %% [markdown]
# ## Notebooks and commands
#
# | notebook | what it does | the same from the command line |
# |---|---|---|
# | `00-setup` | finds the environment, keeps its configuration | `mlz status` |
# | `sagemaker-pipeline` | puts the build-train repository's pipeline together | |
# | `sagemaker-pipelines-project` | runs that pipeline with other parameters | push to `main` |
# | `sagemaker-model-deploy` | follows a model to production | `mlz model status`, `approve`, `rollback` |
# | `99-clean-up` | deletes projects | `mlz project delete`, `mlz destroy` |
#
# The three in the middle stand in the repositories of projects.
#
# `mlz COMMAND --help` explains each command; the folder `docs/` of the platform's repository goes further:
# `docs/model-lifecycle.md` for projects, `docs/clean-up.md` for the end.

# %% [markdown]
# ## What there is right now
#
# Run `00-setup` first. The cell below only reads.

# %% imports
import json
from pathlib import Path

import boto3

# %% what-there-is
environment = json.loads((Path.home() / "mlops-environment.json").read_text())
sagemaker = boto3.client("sagemaker")
KINDS = {
    "projects": ("list_projects", "ProjectSummaryList", "ProjectName"),
    "SageMaker pipelines": ("list_pipelines", "PipelineSummaries", "PipelineName"),
    "model package groups": ("list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName"),
    "endpoints": ("list_endpoints", "Endpoints", "EndpointName"),
}
print(f"{environment['ENV_NAME']}-{environment['ENV_TYPE']}, domain {environment['DOMAIN_ID']}")
for kind, (operation, listing, name) in KINDS.items():
    found = sorted(row[name] for page in sagemaker.get_paginator(operation).paginate() for row in page[listing])
    print(f"{kind}: {', '.join(found) or 'none'}")
for stage in ("STAGING", "PRODUCTION"):
    accounts = environment.get(f"{stage}_ACCOUNTS", "none")
    print(f"{stage.lower()} accounts: {accounts if accounts != 'none' else 'kept by mlz: mlz status lists them'}")
