"""What is said of the accounts' insides: equal ones once, the others by name, dangers marked."""

from __future__ import annotations

from mlz.fleet.inside import Insight, Joining
from mlz.fleet.insideview import document, headline, lines
from stacksets.changeset import ResourceChange
from stacksets.clusters import Cluster
from stacksets.divergence import Checked, Divergence
from stacksets.drift import Drift, Drifted

ROLE = ResourceChange(("Role",), "AWS::IAM::Role", "Modify", "", ("Policies",), widens_access=True)
BUCKET = ResourceChange(("Data", "Bucket"), "AWS::S3::Bucket", "Modify", "always", ("BucketName",), widens_access=False)
ACCOUNTS = tuple(f"{number:012}" for number in range(1, 7))
NAMES = {ACCOUNTS[4]: "five", ACCOUNTS[5]: "six"}
CLUSTERS = (
    Cluster("roles", ACCOUNTS[:4], (BUCKET, ROLE)),
    Cluster("roles", ACCOUNTS[4:5], ()),
    Cluster("roles", ACCOUNTS[5:], (ROLE,), "may not become exec there"),
)


def test_the_usual_way_once_and_the_others_by_name() -> None:
    assert [line.text for line in lines(Insight(CLUSTERS, joining=(Joining("network", 2, 41),), names=NAMES))] == [
        "inside the accounts",
        "  ~ roles: 4 accounts: the same 2 changes (1 replaced, 1 give access); 1 differs; 1 refused",
        "    000000000001, 000000000002, 000000000003, 000000000004: the same 2 changes (1 replaced, 1 give access)",
        "      ~ Data/Bucket (AWS::S3::Bucket), replaced: BucketName",
        "      ~ Role (AWS::IAM::Role): Policies  (gives access)",
        "    000000000005 five: no resource changes",
        "    000000000006 six: refused: may not become exec there; by the templates alone:",
        "      ~ Role (AWS::IAM::Role): Policies  (gives access)",
        "  + network: 2 accounts without a stack: up to 41 resources",
        "  Warning: replaced means deleted and made anew: Data/Bucket in 4 accounts.",
        "  Warning: somebody gets more access: Role in 5 accounts.",
    ]


def test_what_was_not_looked_into_is_said() -> None:
    insight = Insight((Cluster("s", ACCOUNTS, (ROLE,)),), {"s": 9_494})
    assert lines(insight)[3].text == "    9494 more stacks updated but not looked into; for all of them: --all"
    assert document(insight)["not_looked_into"] == {"s": 9494}


def test_headlines() -> None:
    assert headline([Cluster("s", ACCOUNTS, (ROLE,))]) == "6 accounts: the same 1 change (1 give access)"
    assert headline([Cluster("s", ACCOUNTS[:1], (BUCKET,))]) == "1 account: 1 change (1 replaced)"
    assert headline([Cluster("s", ACCOUNTS, (), "no")]) == "6 refused"


def test_many_changes_are_cut_short_unless_asked_for() -> None:
    many = tuple(ResourceChange((f"R{n}",), "AWS::S3::Bucket", "Add", "", (), widens_access=False) for n in range(10))
    insight = Insight((Cluster("s", ACCOUNTS, many),))
    assert [line.text for line in lines(insight)][-2:] == [
        "      + R7 (AWS::S3::Bucket)",
        "        … and 2 more: R8, R9",
    ]
    assert len(lines(insight, detailed=True)) == 12


def test_changes_by_hand_and_drift() -> None:
    found = (
        Divergence("roles", ACCOUNTS[4], "r", "template", "its template is not the set's"),
        Divergence("roles", ACCOUNTS[5], "r", "unseen", "may not become exec there"),
    )
    drift = Drift("roles", 6, (Drifted(ACCOUNTS[4], "r", ("Role (AWS::IAM::Role) MODIFIED: Policies",)),), ACCOUNTS[:1])
    insight = Insight(checked=Checked(found, 5, 6), drifts=(drift,), names=NAMES)
    assert [line.text for line in lines(insight)] == [
        "by hand: 4 of 6 stacks looked at, 1 not as the sets say; 1 refused",
        "  ! roles: 000000000005 five: its template is not the set's",
        "  . refused: six: may not become exec there",
        "drift: roles: 1 of 6 accounts drifted; 1 unknown (000000000001)",
        "  ! 000000000005 five: Role (AWS::IAM::Role) MODIFIED: Policies",
    ]
    assert [line.text for line in lines(Insight(checked=Checked((), 5, 6)))] == [
        "by hand: 5 of 6 stacks looked at, none was changed by hand"
    ]


def test_for_programs() -> None:
    assert document(Insight(CLUSTERS[2:]))["changes"] == [
        {
            "stack_set": "roles",
            "accounts": ["000000000006"],
            "refused": "may not become exec there",
            "changes": [
                {
                    "path": "Role",
                    "type": "AWS::IAM::Role",
                    "action": "Modify",
                    "replacement": "",
                    "properties": ["Policies"],
                    "gives_access": True,
                }
            ],
        }
    ]
    assert document(Insight()) == {"changes": [], "not_looked_into": {}, "joining": [], "by_hand": None, "drift": []}
