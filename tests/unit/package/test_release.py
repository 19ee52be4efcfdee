"""What has to be written, and what stands in the way, decided from records alone."""

from collections.abc import Callable

import pytest

from generator.errors import ToolError
from generator.package import bucket, release
from generator.package.manifest import Manifest, ObjectEntry, TemplateEntry
from generator.package.release import Claim, Pointer, Writes, decode, encode, missing, writes


def entry(key: str, sha: str, *, mutable: bool = False) -> ObjectEntry:
    return ObjectEntry(key, key.rpartition("/")[2], sha, 10, "text/yaml", {}, mutable)


OLD_CHILD, NEW_CHILD = entry("p/templates/1/a.yaml", "1"), entry("p/templates/2/a.yaml", "2")
SAME = entry("p/functions/3/f.zip", "3")
OLD_MAIN, NEW_MAIN = entry("p/core-main.yaml", "m1", mutable=True), entry("p/core-main.yaml", "m2", mutable=True)
SEED = entry("p/seed-code/s.zip", "s", mutable=True)


def manifest(name: str, *objects: ObjectEntry, **changes: str) -> Manifest:
    main = TemplateEntry("core-main.yaml", "m", 10, "p/templates/m/core-main.yaml", "p/core-main.yaml")
    place = {"bucket": "b-1", "prefix": "p", "region": "eu-west-1", **changes}
    return Manifest(name, **place, templates={"core-main.yaml": main}, objects=objects)


OLD = manifest("old", OLD_CHILD, SAME, OLD_MAIN, SEED)
NEW = manifest("new", NEW_CHILD, SAME, NEW_MAIN, SEED)
CLAIM = Claim("somebody", "new")


def test_everything_is_written_where_nothing_is() -> None:
    assert writes(NEW, Pointer()) == Writes((NEW_CHILD, SAME), (SEED,), (NEW_MAIN,))


def test_only_differences_are_written_after_a_complete_release() -> None:
    assert writes(NEW, Pointer(OLD)) == Writes((NEW_CHILD,), (), (NEW_MAIN,))
    assert writes(OLD, Pointer(OLD)) == Writes((), (), ())


def test_after_a_claim_left_behind_every_mutable_object_is_written_again() -> None:
    assert writes(OLD, Pointer(OLD, CLAIM)) == Writes((), (SEED,), (OLD_MAIN,))


def test_repair_trusts_no_record() -> None:
    assert writes(OLD, Pointer(OLD), repair=True) == Writes((OLD_CHILD, SAME), (SEED,), (OLD_MAIN,))


def test_a_release_is_published_when_the_pointer_names_it_and_nobody_is_at_work() -> None:
    pointers = (Pointer(), Pointer(OLD), Pointer(NEW), Pointer(NEW, CLAIM))
    assert [release.is_published(NEW, pointer) for pointer in pointers] == [False, False, True, False]


def test_a_listing_saves_what_an_interrupted_run_has_done_unless_the_size_differs() -> None:
    sizes = {OLD_CHILD.key: 10, SAME.key: 9}
    assert missing((OLD_CHILD, SAME, NEW_CHILD), sizes) == (SAME, NEW_CHILD)


def test_the_pointer_survives_a_round_trip() -> None:
    for pointer in (Pointer(), Pointer(OLD), Pointer(OLD, CLAIM)):
        assert decode(encode(pointer), "x") == pointer


def failure(act: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ToolError) as problem:
        act()
    return problem.value.message, problem.value.hint


def test_a_foreign_pointer_is_not_overwritten() -> None:
    assert failure(lambda: decode(b'{"current": 1}', "s3://b/p/r")) == (
        "s3://b/p/r: not a release pointer of this version: Expected `object | null`, got `int` - at `$.current`",
        "publish under another prefix, or delete that object if nothing else uses it",
    )


def test_a_rival_is_respected_until_its_claim_ends() -> None:
    pointer = Pointer(OLD, Claim("somebody", "f" * 64))
    assert failure(lambda: release.refuse_rival(pointer, "me", 20, "s3://b/p/release.json")) == (
        "s3://b/p/release.json: another publisher began to write release ffffffffffff 20 s ago",
        "run again when it is done; if it was killed, its claim ends in 400 s",
    )
    release.refuse_rival(pointer, "somebody", 20, "x")
    release.refuse_rival(pointer, "me", 421, "x")
    release.refuse_rival(Pointer(OLD), "me", 0, "x")


def test_a_prefix_holds_one_region_and_bucket() -> None:
    other = manifest("new", region="us-east-1")
    assert failure(lambda: release.refuse_other_region(other, Pointer(OLD), "s3://b-1/p/release.json")) == (
        "s3://b-1/p/release.json: holds a release for b-1 in eu-west-1, not b-1 in us-east-1",
        "use one bucket for each Region, or another prefix",
    )
    release.refuse_other_region(OLD, Pointer(OLD), "x")


def test_a_template_over_one_megabyte() -> None:
    big = TemplateEntry("env-vpc.yaml", "m", 1_000_001, "k")
    bad = Manifest("r", "b-1", "p", "eu-west-1", {"env-vpc.yaml": big}, ())
    assert failure(lambda: release.refuse_unpublishable(bad)) == (
        "env-vpc.yaml: 1,000,001 bytes, and CloudFormation takes 1,000,000",
        "move resources into a nested template",
    )


@pytest.mark.parametrize(
    "name", ["", "ab", "-abc", "abc-", "Abc", "a_bc", "x" * 64, "xn--abc", "sthree-abc", "abc-s3alias"]
)
def test_what_is_not_a_bucket_name(name: str) -> None:
    assert failure(lambda: release.check_bucket_name(name)) == (
        f"bucket {name or '(empty)'}: not a bucket name",
        "3 to 63 lower case letters, digits and hyphens, beginning and ending with a letter or digit",
    )


def test_bucket_names_with_dots_and_good_ones() -> None:
    assert failure(lambda: release.check_bucket_name("my.bucket")) == (
        "bucket my.bucket: has a dot, so https://my.bucket.s3… has no valid certificate",
        "use hyphens",
    )
    for name in ("abc", "0-9", "x" * 63):
        release.check_bucket_name(name)


def test_an_account_is_twelve_digits() -> None:
    assert failure(lambda: release.check_account("12345")) == ("account 12345: not an account id", "give its 12 digits")
    release.check_account("123456789012")


def test_creation_names_the_region_except_the_first_one() -> None:
    plain = {"Bucket": "b", "ObjectOwnership": "BucketOwnerEnforced"}
    assert bucket.creation("b", "us-east-1") == plain
    located = {**plain, "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    assert bucket.creation("b", "eu-west-1") == located


def test_encryption_is_by_s3_or_by_a_key() -> None:
    def rule(default: dict[str, str], bucket_key: bool) -> dict[str, object]:
        return {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}]}

    assert bucket.encryption() == rule({"SSEAlgorithm": "AES256"}, False)
    assert bucket.encryption("alias/k") == rule({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/k"}, True)


def test_the_policy_demands_tls_in_any_partition() -> None:
    assert bucket.tls_only("b", "aws-cn") == (
        '{"Statement": [{"Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}, "Effect": "Deny", '
        '"Principal": "*", "Resource": ["arn:aws-cn:s3:::b", "arn:aws-cn:s3:::b/*"], "Sid": "DenyWithoutTls"}], '
        '"Version": "2012-10-17"}'
    )
