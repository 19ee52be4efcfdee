"""Following a project while SageMaker works on it, by its stack's events; and why it did not get there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.mlops import projects
from stacksets import stacks
from stacksets.cause import first_cause, hint_of
from stacksets.diagnosis import stack_events
from stacksets.waiting import SYSTEM, Pace, wait_turns

if TYPE_CHECKING:
    from mlz.mlops.projects import Project
    from stacksets.client import Cloud
    from stacksets.report import Report


class Following:
    """One project; events of its stack are reported from the moment that this is made."""

    def __init__(self, cloud: Cloud, project: Project, report: Report, seconds: float) -> None:
        self._cloud, self._name, self._report = cloud, project.name, report
        self._pace = Pace(first=min(seconds, stacks.PACE.first), factor=stacks.PACE.factor, longest=stacks.PACE.longest)
        self._follower = self._follower_of(project)

    def settled(self) -> Project | None:
        """The project when nothing moves any more; None when it is gone."""
        for delay in wait_turns(self._pace):
            found = projects.described(self._cloud, self._name)
            if self._follower is None and found is not None:
                self._follower = self._follower_of(found)
            if self._follower is not None:
                self._follower.look()
            if found is None or not found.is_moving:
                return found
            SYSTEM.sleep(delay)
        raise AssertionError("wait_turns never ends")

    def _follower_of(self, project: Project) -> stacks.Follower | None:
        stack = stacks.find(self._cloud, project.stack) if project.stack else None
        return stacks.Follower(self._cloud, stack.id, self._report) if stack else None


def failure(cloud: Cloud, project: Project, then: str) -> ToolError:
    """What to raise for a project that did not get where it should: its stack's first cause, else SageMaker's words."""
    stack = stacks.find(cloud, project.stack) if project.stack else None
    has_failed = stack is not None and (stack.status.endswith("_FAILED") or "ROLLBACK" in stack.status)
    cause = first_cause(lambda name: stack_events(cloud, name), stack.id) if stack and has_failed else None
    what = str(cause) if cause else project.message or "SageMaker gives no reason"
    hint = hint_of(cause.reason if cause else what) or "repair the cause"
    return ToolError(f"project {project.name}: {project.status}: {what}", f"{hint}; {then}")
