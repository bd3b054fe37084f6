// How long what is written is kept: the table behind the configuration, the pruning and docs/retention.md.

interface Retention {
  variable: string
  default: number
  unit: 'hours' | 'days'
  /** 0, where it is allowed: it is never stored. */
  least: number
  what: string
  /** From when on its age is counted. */
  since: string
}

export const RETENTIONS = {
  holds: {
    ...{ variable: 'KEEP_HOLDS_DAYS', default: 30, unit: 'days', least: 1 },
    what: 'Holds that were booked, released or ran out, with the hashed network they came from',
    since: 'their expiry',
  },
  endedClaims: {
    ...{ variable: 'KEEP_HOLDS_DAYS', default: 30, unit: 'days', least: 1 },
    what: 'What these holds had claimed',
    since: 'their expiry',
  },
  pastDays: {
    ...{ variable: 'KEEP_PAST_DAYS', default: 30, unit: 'days', least: 7 },
    what: 'Versions of resource-days; the claims of these days leave the index that refuses overlaps',
    since: 'the day',
  },
  changes: {
    ...{ variable: 'KEEP_CHANGES_HOURS', default: 2, unit: 'hours', least: 1 },
    what: 'The log of changes of availability: who was away for longer gets a snapshot',
    since: 'the change',
  },
  idempotencyKeys: {
    ...{ variable: 'KEEP_IDEMPOTENCY_KEYS_HOURS', default: 24, unit: 'hours', least: 1 },
    what: 'Idempotency keys and what they led to',
    since: 'the first request',
  },
  visitorBookings: {
    ...{ variable: 'KEEP_VISITOR_BOOKINGS_HOURS', default: 24, unit: 'hours', least: 24 },
    what: 'Hashed phone numbers of bookings with publishable keys, for their limit',
    since: 'the booking',
  },
  webhookDeliveries: {
    ...{ variable: 'KEEP_WEBHOOK_DELIVERIES_DAYS', default: 30, unit: 'days', least: 1 },
    what: 'Outgoing webhooks that were delivered or given up',
    since: 'the event',
  },
  inbox: {
    ...{ variable: 'KEEP_INBOX_DAYS', default: 30, unit: 'days', least: 1 },
    what: 'Deliveries from outside that were applied or ignored',
    since: 'the last delivery',
  },
  failedInbox: {
    ...{ variable: 'KEEP_FAILED_INBOX_DAYS', default: 180, unit: 'days', least: 1 },
    what: 'Deliveries from outside that could not be applied',
    since: 'the last delivery',
  },
  transcripts: {
    ...{ variable: 'KEEP_TRANSCRIPTS_DAYS', default: 30, unit: 'days', least: 0 },
    what: 'Transcripts and addresses of recordings in calls',
    since: 'the first word of the call',
  },
  callFunctions: {
    ...{ variable: 'KEEP_CALL_FUNCTIONS_DAYS', default: 30, unit: 'days', least: 1 },
    what: 'Functions called during conversations, and their answers',
    since: 'their start',
  },
  calls: {
    ...{ variable: 'KEEP_CALLS_DAYS', default: 365, unit: 'days', least: 1 },
    what: 'Calls',
    since: 'the first word of the call',
  },
  busyIntervals: {
    ...{ variable: 'KEEP_BUSY_INTERVALS_DAYS', default: 30, unit: 'days', least: 1 },
    what: 'What an outside calendar has given away',
    since: 'its end',
  },
  conflicts: {
    ...{ variable: 'KEEP_CONFLICTS_DAYS', default: 90, unit: 'days', least: 1 },
    what: 'Conflicts with outside calendars that are resolved',
    since: 'the resolution',
  },
} as const satisfies Record<string, Retention>

export type RetentionName = keyof typeof RETENTIONS

/** In seconds. */
export type Kept = Readonly<Record<RetentionName, number>>

export const SECONDS = { hours: 3600, days: 86_400 } as const
