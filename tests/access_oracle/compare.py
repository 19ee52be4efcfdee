"""Asks both other evaluators: `python -m tests.access_oracle.compare [--record]`; exit status 1 if they disagree.

The first is the npm package of package.json, run with node. The second, MiniStack's, is asked where MINISTACK_PYTHON
names a Python that has it; it knows fewer kinds of policies, so that only some of the requests are for it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.access_oracle.answers import HERE, ministack_answers, oracle_answers, own_answer
from tests.access_oracle.cases import cases
from tests.access_oracle.disagreements import DISAGREEMENTS, EXPLAINED, explanation
from tests.access_oracle.emitted import Emitted, emitted
from tests.access_oracle.expressible import fits_ministack
from tests.access_oracle.recorded import CORPORA, EMITTED, NO_ANSWER, NOT_ASKED, RECORDED, corpus, digest

Case = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A case with our letter, iam-simulate's and MiniStack's; `key` is that of an emitted case."""

    case: Case
    own: str
    second: str
    third: str
    key: str = ""

    def is_explained(self) -> bool:
        return bool(self.key and explanation(self.case))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="ask other random requests than those that are recorded")
    parser.add_argument("--count", type=int, default=25_000, help="how many of them")
    parser.add_argument("--record", action="store_true", help="write the answers that `make test` replays")
    options = parser.parse_args()
    python = os.environ.get("MINISTACK_PYTHON", "")
    if options.record and (not python or options.seed is not None):
        parser.error("a record needs MINISTACK_PYTHON and the recorded seed")
    asked = {name: corpus(name) for name in CORPORA}
    if options.seed is not None:
        asked["random"] = tuple(cases(options.seed, options.count))
    generated = {name: _rows(python, some, [own_answer(case) for case in some]) for name, some in asked.items()}
    on_emitted = {name: _on_emitted(python, name, some) for name, some in _emitted().items()}
    differing = sum(_told(name, rows) for name, rows in {**generated, **on_emitted}.items())
    differing += _known_disagreements() + _unused([row for rows in on_emitted.values() for row in rows])
    if options.record and not differing:
        _record(generated)
        _record_emitted(row for rows in on_emitted.values() for row in rows)
    return 1 if differing else 0


def _emitted() -> dict[str, list[Emitted]]:
    from mlz.config.configuration import Overlay, load
    from mlz.declared import site

    return emitted(site(load(Path("mlz.example.yaml"), Overlay("", "", "", ""), {})))


def _on_emitted(python: str, name: str, some: Sequence[Emitted]) -> list[Row]:
    """Those that we decide; nobody can be asked about an unknown key."""
    decided = [one for one in some if one.own != "u"]
    print(f"{name}: {len(decided)} of {len(some)} are decided, and asked")
    return _rows(python, [one.case for one in decided], [one.own for one in decided], [one.key for one in decided])


def _rows(python: str, asked: Sequence[Case], own: Sequence[str], keys: Sequence[str] = ()) -> list[Row]:
    fitting = [bool(python) and fits_ministack(case) for case in asked]
    its = [case for case, fits in zip(asked, fitting, strict=True) if fits]
    found = iter(ministack_answers(python, its) if its else ())
    third = [next(found) if fits else NOT_ASKED for fits in fitting]
    return [Row(*row) for row in zip(asked, own, oracle_answers(asked), third, keys or [""] * len(asked), strict=True)]


def _told(name: str, rows: Sequence[Row]) -> int:
    """Print the counts and the first disagreements; how many there are that nothing explains."""
    unexplained = _compared(f"iam-simulate, {name}", [(row, row.second) for row in rows])
    fitting = [(row, row.third) for row in rows if row.third != NOT_ASKED]
    return unexplained + _compared(f"MiniStack, {name}", fitting, explains=False)


def _compared(title: str, answers: Sequence[tuple[Row, str]], *, explains: bool = True) -> int:
    given = [(row, answer) for row, answer in answers if answer[0] != NO_ANSWER]
    refusals = Counter(answer for _, answer in answers if answer[0] == NO_ANSWER)
    differing = [(row, answer) for row, answer in given if row.own != answer]
    explained = Counter(explanation(row.case) for row, _ in differing if explains and row.is_explained())
    pairs = Counter(row.own + answer for row, answer in given)
    print(f"{title}: {len(given) - len(differing)} of {len(given)} equal; {dict(sorted(pairs.items()))}")
    for what, count in (*explained.items(), *refusals.items()):
        print(f"  {count} {what}")
    unexplained = [(row, answer) for row, answer in differing if not (explains and row.is_explained())]
    for row, answer in unexplained[:3]:
        print(f"  own {row.own}, other {answer}: {json.dumps(row.case)}")
    return len(unexplained)


def _known_disagreements() -> int:
    """Those whose documentation no longer describes the oracle."""
    answers = oracle_answers([known.case for known in DISAGREEMENTS])
    changed = [
        k.name for k, a in zip(DISAGREEMENTS, answers, strict=True) if (own_answer(k.case), a) != (k.own, k.oracle)
    ]
    as_described = len(answers) - len(changed)
    print(f"iam-simulate, documented disagreements: {as_described} of {len(answers)} as described", *changed)
    return len(changed)


def _unused(rows: Sequence[Row]) -> int:
    """Explanations that explain nothing any more."""
    used = {explanation(row.case) for row in rows if row.second not in (row.own, NO_ANSWER)}
    unused = [one.name for one in EXPLAINED if one.name not in used]
    if unused:
        print("explain nothing:", *unused)
    return len(unused)


def _record(generated: dict[str, list[Row]]) -> None:
    recorded = {
        "program": json.loads((HERE / "package.json").read_text())["devDependencies"],
        "asked": datetime.now(UTC).date().isoformat(),
        "corpora": {
            name: {
                "digest": digest(tuple(row.case for row in rows)),
                "iam-simulate": _wrapped("".join(row.second for row in rows)),
                "MiniStack": _wrapped("".join(row.third for row in rows if row.third != NOT_ASKED)),
            }
            for name, rows in generated.items()
        },
    }
    RECORDED.write_text(json.dumps(recorded, indent=1) + "\n")


def _record_emitted(rows: Iterable[Row]) -> None:
    EMITTED.write_text("".join(sorted({f"{row.key} {row.second[0]}{row.third[0]}\n" for row in rows})))


def _wrapped(text: str) -> list[str]:
    return [text[n : n + 100] for n in range(0, len(text), 100)]


if __name__ == "__main__":
    sys.exit(main())
