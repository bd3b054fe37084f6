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

/** `key` null: the header is there, to be filled in. */
export function buildExamples(facts: ExampleFacts, key: string | null): ExampleTab[] {
  const { serviceId, from, to, startsAt, refusedStartsAt } = facts
  const headers = formatHeaders(key)
  const tab = (query: string, input: object) => ({ query, variables: JSON.stringify({ input }, null, 2), headers })
  return [
    tab(FIND_SLOTS, { serviceId, from, to }),
    tab(HOLD, { slot: { serviceId, startsAt }, ttlSeconds: 300, sessionKey: 'graphiql', replace: true }),
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
  return JSON.stringify({ Authorization: `Bearer ${key ?? 'pk_…'}` }, null, 2)
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

const HOLD = `# Keeps a slot while a name is spelled: until it expires, booking it succeeds.
# Run it while "WatchLive" is running in its tab.
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
  }
}
`

const BOOK = `# Books the slot, or the best one near it if it is gone by now.
# To book a hold, give its holdId instead of the slot.
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

const WATCH_LIVE = `# All open slots first, then every change as it happens: hold or book one in another tab.
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

const REFUSAL = `# A slot that cannot be had: the reasons, and what can be had instead.
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
