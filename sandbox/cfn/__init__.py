"""The CloudFormation engine of the embedded AWS: from a request to things in moto's backends, and back.

    request ── intake ──> Prepared ── Deployment ──> resources, events, outputs ── commit | revert + discard
               template, parameters,   desired value      handlers: live in moto,
               rules, conditions,      against what       or recorded by schema
               names, capabilities     exists, by schema

`engine` is the public face; `runner` gives each operation its thread and lets one at a time touch a stack; `operations`
sets the stack's statuses; `deployment`, `reversal` and `deletion` do the work; `registry` remembers. `changes` is the
same comparison without doing it, for change sets and for "No updates are to be performed.". Nothing here knows HTTP:
the host implements `model.Hooks`.

A template's text is parsed once, whatever the number of stacks made of it, and so are its checks and its order by
conditions. Whether a change replaces a thing, what Ref and Fn::GetAtt return and which values are refused comes from
CloudFormation's own resource schemas; a handler is needed only where something else reads or uses the thing.
"""
