// The ready tabs of GraphiQL: one per step of a booking, with variables that are true at the moment.

/** What the variables stand for. */
export interface ExampleFacts {
  serviceId: string
  from: string
  to: string
  /** Open at the moment. */
  startsAt: string
  /** Not open, with open ones nearby. */
  refusedStartsAt: string
}

export interface ExampleTab {
  query: string
  variables: string
  headers: string
}

export const PLACEHOLDERS: ExampleFacts = {
  serviceId: 'service_00000000-0000-0000-0000-000000000000',
  from: '2030-01-01T00:00:00Z',
  to: '2030-01-08T00:00:00Z',
  startsAt: '2030-01-02T09:00:00Z',
  refusedStartsAt: '2030-01-02T03:00:00Z',
}

/** `key` null: the page sends the visitor's own. */
export function buildExamples(facts: ExampleFacts, key: string | null): ExampleTab[] {
  const { serviceId, from, to, startsAt, refusedStartsAt } = facts
  const headers = formatHeaders(key)
  const tab = (query: string, input: object) => ({ query, variables: JSON.stringify({ input }, null, 2), headers })
  return [
    tab(FIND_SLOTS, { serviceId, from, to }),
    tab(HOLD, {
      slot: { serviceId, startsAt },
      ttlSeconds: 300,
      sessionKey: 'graphiql',
      replace: true,
      holdAlternative: true,
    }),
    tab(BOOK, {
      slot: { serviceId, startsAt },
      customer: { name: 'Ada Example' },
      sessionKey: 'graphiql',
      onUnavailable: 'BOOK_ALTERNATIVE',
    }),
    tab(WATCH_LIVE, { serviceId, from, to }),
    tab(REFUSAL, { slot: { serviceId, startsAt: refusedStartsAt }, sessionKey: 'graphiql', replace: true }),
  ]
}

export function formatHeaders(key: string | null): string {
  return key === null ? '{}' : JSON.stringify({ Authorization: `Bearer ${key}` }, null, 2)
}

const FIND_SLOTS = `# What can be booked, and by whom.
query FindSlots($input: AvailabilityInput!) {
  services {
    id
    name
    durationMinutes
  }
  availability(input: $input) {
    slots {
      startsAt
      endsAt
      segments {
        name
        candidates {
          id
          name
        }
      }
    }
    cursor
  }
}
`

const HOLD = `# Keeps a slot, or the best one near it: until the
# hold expires, booking it succeeds. The tab "Book"
# then has the id of this hold in its variables.
mutation Hold($input: HoldSlotInput!) {
  holdSlot(input: $input) {
    __typename
    ... on Hold {
      id
      status
      startsAt
      expiresAt
      segments {
        name
        resources {
          name
        }
      }
    }
    ... on Error {
      code
      message
    }
    ... on SlotUnavailableError {
      heldAlternative {
        id
        startsAt
        expiresAt
      }
    }
  }
}
`

const BOOK = `# Books what "Hold" has held: when you open this tab,
# its holdId is put into the variables. Without a hold
# it books the slot, or the best one near it.
mutation Book($input: BookAppointmentInput!) {
  bookAppointment(input: $input) {
    __typename
    ... on BookedAppointment {
      usedAlternative
      manageToken
      appointment {
        id
        status
        version
        startsAt
        endsAt
      }
    }
    ... on Error {
      code
      message
    }
    ... on SlotUnavailableError {
      alternatives {
        startsAt
      }
    }
  }
}
`

const WATCH_LIVE = `# All open slots, then every change as it happens.
# It ends when you leave this tab: press
# "Second window" above, and hold or book there.
subscription WatchLive($input: AvailabilityInput!) {
  availability(input: $input) {
    kind
    opened {
      startsAt
    }
    closed {
      startsAt
    }
    cursor
  }
}
`

const REFUSAL = `# A slot that cannot be had: the reasons,
# and what can be had instead.
mutation Refusal($input: HoldSlotInput!) {
  holdSlot(input: $input) {
    __typename
    ... on Hold {
      id
    }
    ... on Error {
      code
      message
    }
    ... on SlotUnavailableError {
      reasons {
        reason
        message
      }
      alternatives {
        startsAt
        endsAt
        segments {
          name
          candidates {
            name
          }
        }
      }
    }
  }
}
`
