"""Whether an endpoint serves the model that was deployed.

A roll-back by alarm leaves an endpoint InService with its former model, and DescribeEndpoint may give no reason for it.
"""

from typing import Any


def others(sagemaker: Any, described: dict[str, Any], config: dict[str, str]) -> list[str]:
    """What the endpoint of the DescribeEndpoint answer serves instead of the model of the stage's parameters."""
    key, wanted = "ModelPackageName", config["ModelPackageName"]
    if config.get("EndpointKind") == "MULTI_MODEL":
        key, wanted = "ModelDataUrl", config["ModelDataPrefix"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=variants["ProductionVariants"][0]["ModelName"])
    found = model["PrimaryContainer"].get(key, "")
    return [] if found == wanted else [f"serves {found or 'no model of a package'} instead of {wanted}"]
