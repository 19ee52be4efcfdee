"""AWS's own errors in the program's words, for those that no caller translated."""

from __future__ import annotations

from generator.errors import ToolError

CREDENTIALS = "set AWS_PROFILE, pass --profile, or sign in with: aws sso login; see: mlz doctor"
# Class name in botocore.exceptions -> what to do; by name, so that botocore is not imported to print an error.
HINTS = {
    "NoCredentialsError": CREDENTIALS,
    "PartialCredentialsError": CREDENTIALS,
    "ProfileNotFound": CREDENTIALS,
    "TokenRetrievalError": CREDENTIALS,
    "UnauthorizedSSOTokenError": CREDENTIALS,
    "SSOTokenLoadError": CREDENTIALS,
    "NoRegionError": "set region in mlz.yaml, pass --region, or set AWS_DEFAULT_REGION",
    "EndpointConnectionError": "check the network and AWS_ENDPOINT_URL",
    "ConnectTimeoutError": "check the network and the proxy settings, then run the same command",
    "ReadTimeoutError": "check the network and the proxy settings, then run the same command",
}
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}


def explained(problem: Exception) -> ToolError | None:
    """The ToolError for an error of botocore or of the file system; None for what is our own defect."""
    if isinstance(problem, OSError) and problem.filename:
        return ToolError(f"{problem.filename}: {problem.strerror}", "check the path and its permissions")
    if not type(problem).__module__.startswith("botocore"):
        return None
    response = getattr(problem, "response", None)
    if response is None:
        return ToolError(f"AWS: {problem}", HINTS.get(type(problem).__name__, "run the same command again"))
    error = response.get("Error", {})
    operation = getattr(problem, "operation_name", "call")
    hint = CREDENTIALS if error.get("Code") in EXPIRED else "check the caller's permissions: mlz doctor"
    return ToolError(f"AWS {operation}: {error.get('Code')}: {error.get('Message')}", hint)
