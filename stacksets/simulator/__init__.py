"""StackSets and Organizations in virtual time: what planner and executor are tried against, up to 10,000 accounts."""
