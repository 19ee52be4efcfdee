"""The models of a multi-model endpoint: approved packages only, copied below a prefix that their content names."""

import hashlib
from dataclasses import dataclass
from typing import Any

SUFFIX = ".tar.gz"


@dataclass(frozen=True)
class Artifact:
    """One approved package's model: `name` is what callers give as TargetModel."""

    name: str
    image: str
    bucket: str
    key: str
    etag: str


@dataclass(frozen=True)
class Release:
    """All models of one deployment; nothing else may lie below `prefix`."""

    image: str
    bucket: str
    prefix: str
    artifacts: tuple[Artifact, ...]

    @property
    def parameters(self) -> dict[str, str]:
        """What the endpoint template is told of the release."""
        names = ",".join(one.name for one in self.artifacts)
        address = f"s3://{self.bucket}/{self.prefix}"
        return {"ModelImage": self.image, "ModelDataPrefix": address, "ModelNames": names}


def version_of(package: str) -> int:
    return int(package.rpartition("/")[2])


def approved_artifacts(sagemaker: Any, s3: Any, group: str, newest: str) -> list[Artifact]:
    """The group's approved packages up to `newest`, oldest first."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved"
    )
    arns = [str(one["ModelPackageArn"]) for page in pages for one in page["ModelPackageSummaryList"]]
    wanted = sorted((arn for arn in arns if version_of(arn) <= version_of(newest)), key=version_of)
    return [artifact(sagemaker, s3, arn) for arn in wanted]


def artifact(sagemaker: Any, s3: Any, package: str) -> Artifact:
    containers = sagemaker.describe_model_package(ModelPackageName=package)["InferenceSpecification"]["Containers"]
    address = containers[0].get("ModelDataUrl", "")
    if len(containers) != 1 or not address.endswith(SUFFIX):
        raise SystemExit(f"{package}: a multi-model endpoint takes packages of one container with a {SUFFIX} archive")
    bucket, _, key = address.removeprefix("s3://").partition("/")
    etag = s3.head_object(Bucket=bucket, Key=key)["ETag"]
    return Artifact(f"{version_of(package)}{SUFFIX}", containers[0]["Image"], bucket, key, etag)


def planned(artifacts: list[Artifact], bucket: str, group: str) -> Release:
    """Equal models get an equal prefix, others another one: what was released does not change."""
    images = sorted({one.image for one in artifacts})
    if len(images) != 1:
        raise SystemExit(f"{group}: a multi-model endpoint has one image, its packages have: {', '.join(images)}")
    content = "\n".join(f"{one.name} {one.etag} {one.image}" for one in artifacts)
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return Release(images[0], bucket, f"releases/{group}/{digest}/", tuple(artifacts))


def publish(s3: Any, release: Release) -> None:
    """Copy what is not there yet, each archive as it was when it was read; refuse a prefix with anything else in it."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=release.bucket, Prefix=release.prefix)
    there = {one["Key"].removeprefix(release.prefix) for page in pages for one in page.get("Contents", [])}
    if strange := sorted(there - {one.name for one in release.artifacts}):
        raise SystemExit(f"s3://{release.bucket}/{release.prefix}: {', '.join(strange)}: of no approved package")
    for one in release.artifacts:
        if one.name not in there:
            s3.copy(
                {"Bucket": one.bucket, "Key": one.key},
                release.bucket,
                f"{release.prefix}{one.name}",
                ExtraArgs={"CopySourceIfMatch": one.etag, "TaggingDirective": "REPLACE"},
            )
