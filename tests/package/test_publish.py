"""Publishing over HTTP: what is sent, what is spared, what is refused, and that nothing on the way is ever half."""

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from generator.errors import ToolError
from generator.package.manifest import Manifest
from generator.package.publish import Published, publish
from generator.package.release import Claim, Pointer, encode
from generator.package.store import Access
from tests.package.world import ACCOUNT, BUCKET, PREFIX, REGION, GuardedS3, flaws, make_build, objects

KNOWN = Access(account=ACCOUNT)
HINT_FOREIGN = "choose another bucket name, or the credentials of the account that owns it"


@pytest.fixture
def old(tmp_path: Path) -> tuple[Manifest, Path]:
    folder = tmp_path / "old"
    return make_build(folder, "v1"), folder


@pytest.fixture
def new(tmp_path: Path) -> tuple[Manifest, Path]:
    folder = tmp_path / "new"
    return make_build(folder, "v2"), folder


def failure(manifest: Manifest, folder: Path, access: Access = KNOWN) -> tuple[str, str]:
    with pytest.raises(ToolError) as problem:
        publish(manifest, folder, access)
    return problem.value.message, problem.value.hint


def make_bucket(client: Any, name: str = BUCKET) -> None:
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": client.meta.region_name})


def test_the_first_release_makes_the_bucket_and_writes_everything(
    s3: GuardedS3, client: Any, old: tuple[Manifest, Path]
) -> None:
    arrived: list[str] = []
    done = publish(*old, KNOWN, notify=arrived.append)
    keys = tuple(entry.key for entry in old[0].objects)
    assert (sorted(done.uploaded), done.unchanged, done.requests, done.bucket_created) == (sorted(keys), 0, 17, True)
    assert sorted(arrived) == sorted(keys)
    assert len(s3.log) == 17
    assert set(objects(BUCKET)) == {*keys, f"{PREFIX}/release.json"}
    assert list(flaws(objects(BUCKET), [old[0]])) == []
    tags = client.get_object_tagging(Bucket=BUCKET, Key=f"{PREFIX}/seed-code/build.zip")["TagSet"]
    assert tags == [{"Key": "servicecatalog:provisioning", "Value": "true"}]


def test_a_new_bucket_is_encrypted_versioned_private_owned_and_tls_only(
    client: Any, old: tuple[Manifest, Path]
) -> None:
    publish(*old, Access(account=ACCOUNT, kms_key="alias/releases"))
    rule = client.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule == {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/releases"},
        "BucketKeyEnabled": True,
    }
    assert client.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    blocked = client.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert blocked == dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    policy = json.loads(client.get_bucket_policy(Bucket=BUCKET)["Policy"])
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ownership = client.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert client.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == REGION
    (admitted,) = client.get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    assert (admitted["AllowedOrigins"], admitted["AllowedMethods"]) == (["https://*.sagemaker.aws"], ["GET", "HEAD"])


def test_nothing_changed_is_one_request(s3: GuardedS3, old: tuple[Manifest, Path]) -> None:
    publish(*old, KNOWN)
    before = len(s3.log)
    assert publish(*old, KNOWN) == Published((), 8, 1)
    assert [(r.method, r.path) for r in s3.log[before:]] == [("GET", f"/{BUCKET}/{PREFIX}/release.json")]


def test_a_change_writes_only_itself_in_the_order_that_keeps_releases_whole(
    s3: GuardedS3, old: tuple[Manifest, Path], new: tuple[Manifest, Path]
) -> None:
    publish(*old, KNOWN)
    before = len(s3.log)
    done = publish(*new, KNOWN)
    assert (len(done.uploaded), done.unchanged, done.requests) == (7, 1, 11)
    stages = [re.sub(r"/[0-9a-f]{16}/.*|/[^/]*$", "", r.path.partition(PREFIX)[2]) for r in s3.log[before:]]
    assert stages[:2] == ["", ""]
    assert sorted(stages[2:5]) == ["/functions", "/templates", "/templates"]
    names = [r.path.rpartition("/")[2] for r in s3.log[before + 5 :]]
    assert (names[0], sorted(names[1:3]), sorted(names[3:5]), names[5:]) == (
        "release.json",
        ["build.zip", "deploy.zip"],
        ["core-main.yaml", "env-main.yaml"],
        ["release.json"],
    )
    assert {entry.key for entry in old[0].objects} <= set(objects(BUCKET))


def test_every_call_names_the_owner_and_every_body_has_a_checksum(
    s3: GuardedS3, old: tuple[Manifest, Path], new: tuple[Manifest, Path]
) -> None:
    publish(*old, KNOWN)
    publish(*new, KNOWN)
    publish(*new, KNOWN, repair=True)
    calls = [request for request in s3.log if request.path != f"/{BUCKET}" or request.method != "PUT" or request.query]
    assert len(calls) == len(s3.log) - 1
    assert {request.headers.get("x-amz-expected-bucket-owner") for request in calls} == {ACCOUNT}
    assert [r.path for r in calls if r.method == "PUT" and "x-amz-checksum-sha256" not in r.headers] == []


def test_refused_at_any_request_all_stays_whole_and_the_next_run_completes(
    s3: GuardedS3, old: tuple[Manifest, Path], new: tuple[Manifest, Path]
) -> None:
    publish(*old, KNOWN)
    for count in range(12):
        s3.log.clear()
        s3.refuse_after = count
        target, other = (new, old) if count % 2 == 0 else (old, new)
        try:
            publish(*target, KNOWN)
        except ToolError:
            assert list(flaws(objects(BUCKET), [old[0], new[0]])) == []
        s3.refuse_after = None
        publish(*target, KNOWN)
        assert list(flaws(objects(BUCKET), [target[0]])) == []
        assert publish(*target, KNOWN) == Published((), 8, 1)
        publish(*other, KNOWN)


def test_going_back_to_the_old_release_after_a_broken_one_restores_every_entry(
    s3: GuardedS3, old: tuple[Manifest, Path], new: tuple[Manifest, Path]
) -> None:
    publish(*old, KNOWN)
    s3.log.clear()
    s3.refuse_after = 9
    folder = new[1]
    with pytest.raises(ToolError):
        publish(*new, KNOWN)
    s3.refuse_after = None
    back = make_build(folder, "v1")
    assert back == old[0]
    assert sorted(key.rpartition("/")[2] for key in publish(back, folder, KNOWN).uploaded) == [
        "build.zip",
        "core-main.yaml",
        "deploy.zip",
        "env-main.yaml",
    ]
    assert list(flaws(objects(BUCKET), [old[0]])) == []


def test_an_interrupted_upload_is_resumed_not_repeated(s3: GuardedS3, old: tuple[Manifest, Path]) -> None:
    s3.refuse_after = 9
    with pytest.raises(ToolError):
        publish(*old, KNOWN)
    arrived = set(objects(BUCKET))
    assert len(arrived) == 2
    s3.refuse_after = None
    done = publish(*old, KNOWN)
    assert arrived.isdisjoint(done.uploaded)
    assert len(done.uploaded) == 6


def test_repair_restores_what_somebody_deleted(client: Any, old: tuple[Manifest, Path]) -> None:
    publish(*old, KNOWN)
    lost = old[0].objects[1].key
    client.delete_object(Bucket=BUCKET, Key=lost)
    main = f"{PREFIX}/core-main.yaml refers to {lost}, which is not there"
    assert list(flaws(objects(BUCKET), [old[0]])) == [
        main,
        f"{PREFIX}/release.json names {lost}, which is not there as described",
    ]
    assert publish(*old, KNOWN).uploaded == ()
    assert lost in publish(*old, KNOWN, repair=True).uploaded
    assert list(flaws(objects(BUCKET), [old[0]])) == []


def test_a_blank_bucket_is_finished_and_a_used_one_left_as_it_is(client: Any, tmp_path: Path) -> None:
    make_bucket(client, "blank-bucket")
    publish(make_build(tmp_path / "a", "v1", bucket="blank-bucket"), tmp_path / "a", KNOWN)
    assert client.get_bucket_versioning(Bucket="blank-bucket")["Status"] == "Enabled"
    make_bucket(client, "used-bucket")
    client.put_object(Bucket="used-bucket", Key="mine.txt", Body=b"x")
    done = publish(make_build(tmp_path / "b", "v1", bucket="used-bucket"), tmp_path / "b", KNOWN)
    assert "Status" not in client.get_bucket_versioning(Bucket="used-bucket")
    assert (done.requests, done.bucket_created) == (13, False)


def test_a_bucket_of_another_account(s3: GuardedS3, client: Any, old: tuple[Manifest, Path]) -> None:
    make_bucket(client)
    message = f"s3://{BUCKET}: belongs to another account, or account 222222222222 may not use it"
    assert failure(*old, Access(account="222222222222")) == (message, HINT_FOREIGN)
    assert objects(BUCKET) == {}
    assert [request.method for request in s3.log[1:]] == ["GET"]


def test_a_bucket_in_another_region_told_by_s3(s3: GuardedS3, old: tuple[Manifest, Path]) -> None:
    make_bucket(botocore.session.Session().create_client("s3", region_name="eu-central-1"))
    s3.regions[BUCKET] = "eu-central-1"
    expected = (
        f"s3://{BUCKET}: is in eu-central-1, not in eu-west-1",
        "choose a bucket in eu-west-1, or deploy to eu-central-1",
    )
    assert failure(*old) == expected
    s3.regions.clear()
    assert failure(*old) == expected
    assert objects(BUCKET) == {}


def test_without_credentials_nothing_is_sent(
    s3: GuardedS3, old: tuple[Manifest, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    expected = f"s3://{BUCKET}: no AWS credentials", "give --profile, set AWS_PROFILE, or sign in: aws sso login"
    assert failure(*old, Access()) == expected
    assert failure(*old, KNOWN) == expected
    assert failure(*old, Access(profile="none"))[0] == f"s3://{BUCKET}: The config profile (none) could not be found"
    assert s3.log == []


def test_sts_is_asked_once_for_a_key(
    s3: GuardedS3, old: tuple[Manifest, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = Access(memory=tmp_path / "memory")
    assert publish(*old, access).requests == 18
    assert publish(*old, access) == Published((), 8, 1)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE01")
    assert publish(*old, access) == Published((), 8, 2)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE02")
    monkeypatch.setenv("AWS_ACCOUNT_ID", ACCOUNT)
    assert publish(*old, access) == Published((), 8, 1)
    assert [r.path for r in s3.log].count("/") == 2


def test_a_rival_at_work_is_left_alone(client: Any, old: tuple[Manifest, Path], new: tuple[Manifest, Path]) -> None:
    publish(*old, KNOWN)
    rival = Pointer(old[0], Claim("rival", new[0].release))
    client.put_object(Bucket=BUCKET, Key=f"{PREFIX}/release.json", Body=encode(rival))
    before = objects(BUCKET)
    message, hint = failure(*new)
    key = f"s3://{BUCKET}/{PREFIX}/release.json"
    assert re.fullmatch(rf"{key}: another publisher began to write release {new[0].release[:12]} \d s ago", message)
    assert re.fullmatch(r"run again when it is done; if it was killed, its claim ends in 4\d\d s", hint)
    assert objects(BUCKET) == before


def test_of_two_publishers_one_wins(client: Any, old: tuple[Manifest, Path], new: tuple[Manifest, Path]) -> None:
    publish(*old, KNOWN)

    def interfere(key: str) -> None:
        if "/templates/" in key:
            client.put_object(
                Bucket=BUCKET, Key=f"{PREFIX}/release.json", Body=encode(Pointer(old[0], Claim("r", "x")))
            )

    with pytest.raises(ToolError) as problem:
        publish(*new, KNOWN, notify=interfere)
    assert problem.value.message == f"s3://{BUCKET}/{PREFIX}/release.json: another publisher wrote it meanwhile"
    assert problem.value.hint == "run the same command again"
    assert list(flaws(objects(BUCKET), [old[0]])) == []


def test_a_build_that_changed_after_it_was_built(old: tuple[Manifest, Path], s3: GuardedS3) -> None:
    (old[1] / "core-main.yaml").write_text("edited")
    assert failure(*old) == (
        f"{old[1]}/core-main.yaml: was changed after it was built",
        "generate again: mlz generate",
    )
    (old[1] / "core-main.yaml").unlink()
    assert failure(*old)[0] == f"{old[1]}/core-main.yaml: No such file or directory"
    assert {request.method for request in s3.log} == {"GET"}


def test_one_folder_is_published_by_one_process_at_a_time(s3: GuardedS3, old: tuple[Manifest, Path]) -> None:
    inner: list[tuple[str, str]] = []
    publish(*old, KNOWN, notify=lambda _key: inner.append(failure(*old)))
    assert len(s3.log) == 17
    assert set(inner) == {(f"{old[1]}: is being published by another process here", "wait until it ends")}


def test_a_throttled_request_is_tried_again(s3: GuardedS3, old: tuple[Manifest, Path]) -> None:
    s3.slow_down = {"/templates/", "/core-main.yaml"}
    assert publish(*old, KNOWN).requests == 19
    assert list(flaws(objects(BUCKET), [old[0]])) == []


def test_a_lost_answer_to_the_last_write_is_a_success(s3: GuardedS3, old: tuple[Manifest, Path]) -> None:
    s3.lose_answer = "/release.json"
    done = publish(*old, KNOWN)
    assert (len(done.uploaded), done.requests) == (8, 19)
    assert publish(*old, KNOWN) == Published((), 8, 1)
