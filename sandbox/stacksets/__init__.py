"""The StackSets service, SELF_MANAGED: sets, instances, asynchronous operations, trust of the two roles."""
