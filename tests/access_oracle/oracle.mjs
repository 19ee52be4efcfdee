// Answers cases (one JSON object a line on stdin) with one line each: a, i (implicit deny), e (explicit deny), or ?reason.
import { createInterface } from 'node:readline'
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate'

const ANSWERS = { Allowed: 'a', ImplicitlyDenied: 'i', ExplicitlyDenied: 'e' }

const named = (policies, kind) =>
  policies.filter((p) => p.kind === kind).map((p, n) => ({ name: `${kind}${n}`, policy: p.document }))

function levels(policies, kind) {
  const found = new Map()
  for (const p of policies.filter((p) => p.kind === kind)) {
    found.set(p.level, [...(found.get(p.level) ?? []), { name: kind, policy: p.document }])
  }
  return [...found].map(([orgIdentifier, members]) => ({ orgIdentifier, policies: members }))
}

function simulation({ principal, action, resource, owner, context, policies }) {
  const of = (...kinds) => policies.find((p) => kinds.includes(p.kind))?.document
  const boundaries = named(policies, 'BOUNDARY')
  const endpoints = named(policies, 'ENDPOINT')
  return {
    request: {
      principal: principal === '*' ? anonymousPrincipal : principal,
      action,
      resource: { resource, accountId: owner },
      contextVariables: context,
    },
    sessionPolicy: of('SESSION'),
    identityPolicies: named(policies, 'IDENTITY'),
    serviceControlPolicies: levels(policies, 'SCP'),
    resourceControlPolicies: levels(policies, 'RCP'),
    resourcePolicy: of('RESOURCE', 'KEY', 'TRUST'),
    permissionBoundaryPolicies: boundaries.length ? boundaries : undefined,
    vpcEndpointPolicies: endpoints.length ? endpoints : undefined,
  }
}

async function answer(line) {
  try {
    const found = await runSimulation(simulation(JSON.parse(line)), {})
    return ANSWERS[found.overallResult] ?? `?${JSON.stringify(found.errors ?? found).slice(0, 300)}`
  } catch (error) {
    return `?${error.message}`
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(await answer(line))
}
