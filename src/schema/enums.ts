// The enumerations, each value with its meaning.
import { builder } from './machinery/builder.ts'

export const ResourceKind = builder.enumType('ResourceKind', {
  description: 'What a resource is.',
  values: {
    STAFF: { description: 'A person.' },
    ROOM: { description: 'A room, a chair, a bay.' },
    EQUIPMENT: { description: 'A piece of equipment.' },
  },
})

export const Weekday = builder.enumType('Weekday', {
  description: 'Day of the week, on the calendar of the location.',
  values: {
    MONDAY: { description: 'Monday.' },
    TUESDAY: { description: 'Tuesday.' },
    WEDNESDAY: { description: 'Wednesday.' },
    THURSDAY: { description: 'Thursday.' },
    FRIDAY: { description: 'Friday.' },
    SATURDAY: { description: 'Saturday.' },
    SUNDAY: { description: 'Sunday.' },
  },
})

export const AvailabilityUpdateKind = builder.enumType('AvailabilityUpdateKind', {
  description: 'What a message of the live subscription does to what the client knows.',
  values: {
    SNAPSHOT: { description: 'Replaces everything: `opened` holds all open slots.' },
    CHANGE: { description: 'Only what opened and closed since the message before.' },
  },
})

export const UnavailableReason = builder.enumType('UnavailableReason', {
  description: 'A rule that says no to a start.',
  values: {
    ALREADY_BOOKED: { description: 'The resource has an appointment then, buffers included.' },
    HELD: { description: 'The resource is held for somebody else; `until` says when the hold ends.' },
    OUTSIDE_HOURS: { description: 'The resource does not work for all of this time.' },
    TIME_OFF: { description: 'The resource is away.' },
    EXTERNAL_BUSY: { description: 'An outside calendar says that the resource is busy.' },
    TOO_SOON: { description: 'Closer than the minimum notice of the service.' },
    TOO_FAR: { description: 'Beyond the booking horizon of the service; `until` says when it comes within it.' },
    IN_THE_PAST: { description: 'The start is over.' },
    OFF_GRID: {
      description: 'No start of the service: starts are multiples of slotIntervalMinutes from local midnight.',
    },
    NOT_OFFERED: {
      description: 'The resource does not serve this part of the service, or nobody can serve it as asked.',
    },
    CUSTOMER_CONFLICT: { description: 'The customer has an appointment of their own then.' },
    INACTIVE: { description: 'The service is not offered, or the resource takes no bookings, at the moment.' },
  },
})

export const HoldStatus = builder.enumType('HoldStatus', {
  description: 'Where a hold stands, by the clock of the database.',
  values: {
    ACTIVE: { description: 'It binds: booking it succeeds.' },
    BOOKED: { description: 'It became an appointment.' },
    RELEASED: { description: 'It was given back.' },
    EXPIRED: { description: 'Its time ran out.' },
  },
})

export const AppointmentStatus = builder.enumType('AppointmentStatus', {
  description: 'Where an appointment stands. CONFIRMED can become any of the others; the others are final.',
  values: {
    CONFIRMED: { description: 'It will take place. Its resources are taken.' },
    CANCELLED: { description: 'It was called off. Its resources are free again.' },
    COMPLETED: { description: 'It took place.' },
    NO_SHOW: { description: 'The customer did not come.' },
  },
})

export const Origin = builder.enumType('Origin', {
  description: 'The door through which a change came.',
  values: {
    API: { description: 'This API, with an API key or a manage token.' },
    STAFF: { description: 'A member of staff who is signed in.' },
    VOICE_AGENT: { description: 'A voice agent, during a call.' },
    CALENDAR: { description: 'An outside calendar.' },
  },
})

export const AppointmentEventKind = builder.enumType('AppointmentEventKind', {
  description: 'What happened to an appointment.',
  values: {
    BOOKED: { description: 'It was made.' },
    RESCHEDULED: { description: 'It moved to another time or to other resources.' },
    CANCELLED: { description: 'It was called off.' },
    COMPLETED: { description: 'It took place.' },
    NO_SHOW: { description: 'The customer did not come.' },
    NOTES_CHANGED: { description: 'Its notes changed.' },
  },
})

export const SyncStatus = builder.enumType('SyncStatus', {
  description: 'How far the outside calendar has followed.',
  values: {
    PENDING: { description: 'Not told yet, or being told.' },
    SYNCED: { description: 'It shows the present state.' },
    FAILED: { description: 'It refused, or could not be reached for too long; see lastError.' },
  },
})

export const ConflictKind = builder.enumType('CalendarConflictKind', {
  description: 'How an outside calendar and this gateway disagree.',
  values: {
    TAKEN_THERE: { description: 'The calendar says that the time of our appointment is taken.' },
    FOREIGN_ANSWER: { description: 'It answered with a booking that is not ours. That booking was not touched.' },
    OTHER_TIME: { description: 'It booked our appointment at another time than asked.' },
    ENDED_THERE: { description: 'It was called off there while it was moved here.' },
    OVERLAP: { description: 'A booking made there overlaps what is booked or held here. Both stand.' },
  },
})

export const TeamSyncAction = builder.enumType('TeamSyncAction', {
  description: 'What a team sync does with a member or a service.',
  values: {
    KEPT: { description: 'It was known before.' },
    LINKED: { description: 'One of the same name was here and stands for it now.' },
    CREATED: { description: 'It is new here.' },
    SKIPPED: { description: 'Nobody offers it.' },
  },
})

export const PolicyScope = builder.enumType('PolicyScope', {
  description: 'What a policy governs. The most specific one wins: RESOURCE, SERVICE, LOCATION, ORGANIZATION.',
  values: {
    ORGANIZATION: { description: 'Everything that no narrower policy governs.' },
    LOCATION: { description: 'All services of one location.' },
    SERVICE: { description: 'One service.' },
    RESOURCE: { description: 'Whatever this resource serves.' },
  },
})

export const ErrorCode = builder.enumType('ErrorCode', {
  description: 'The machine-readable name of a refusal; one for each type that implements Error.',
  values: {
    SLOT_UNAVAILABLE: { description: 'The slot is taken or was never open: SlotUnavailableError.' },
    HOLD_EXPIRED: { description: 'The hold ran out: HoldExpiredError.' },
    HOLD_NOT_ACTIVE: { description: "The hold was released, booked, or is somebody else's: HoldNotActiveError." },
    HOLD_LIMIT_REACHED: { description: 'Too many live holds: HoldLimitReachedError.' },
    BOOKING_LIMIT_REACHED: { description: 'Too many bookings for one phone number: BookingLimitReachedError.' },
    VERSION_CONFLICT: { description: 'Somebody else changed it first: VersionConflictError.' },
    INVALID_TRANSITION: { description: 'The status does not allow it: InvalidTransitionError.' },
    POLICY_VIOLATION: { description: 'The policy in force forbids it: PolicyViolationError.' },
    IDEMPOTENCY_KEY_REUSED: { description: 'The key stands for another request: IdempotencyKeyReusedError.' },
    INVALID_INPUT: { description: 'The input breaks a rule: InvalidInputError.' },
    NOT_FOUND: { description: 'An id names nothing this caller may see: NotFoundError.' },
    BUSY: { description: 'The wait for the slot ran out; nothing was done: BusyError.' },
  },
})

export const HoldLimitScope = builder.enumType('HoldLimitScope', {
  description: 'What the holds have in common that are counted together.',
  values: {
    SLOT: { description: 'Session, service and start: the session has this slot already, with somebody else.' },
    SESSION: { description: 'One session.' },
    NO_SESSION: { description: 'One secret key, without a session.' },
    ADDRESS: { description: 'The address of the client, with any publishable key and any session.' },
    KEY: { description: 'One publishable key, from everywhere.' },
  },
})

export const OnUnavailable = builder.enumType('OnUnavailable', {
  description: 'What to do when the wished slot is gone.',
  values: {
    REFUSE: { description: 'Answer SlotUnavailableError with alternatives.' },
    BOOK_ALTERNATIVE: {
      description: 'Book the best alternative within alternativeWithinMinutes, trying the next until one succeeds.',
    },
  },
})

export const IntegrationProvider = builder.enumType('IntegrationProvider', {
  description: 'An outside service.',
  values: {
    RETELL: { description: 'Retell AI: a voice agent that answers the telephone.' },
    CALCOM: { description: 'Cal.com: an outside calendar.' },
  },
})

export const VoiceLanguage = builder.enumType('VoiceLanguage', {
  description: 'What a voice agent speaks. It understands dates and times in all of these, whatever it speaks.',
  values: {
    DE: { value: 'de', description: 'German.' },
    EN: { value: 'en', description: 'English.' },
  } as const,
})

export const VoiceFunction = builder.enumType('VoiceFunction', {
  description: 'What a voice agent can do during a call.',
  values: {
    LIST_SERVICES: { value: 'list_services', description: 'Tells what is offered.' },
    CHECK_AVAILABILITY: { value: 'check_availability', description: 'Tells what is free, and holds it if asked.' },
    FIND_ALTERNATIVES: { value: 'find_alternatives', description: 'Tells what else is free near a time.' },
    HOLD_SLOT: { value: 'hold_slot', description: 'Keeps a time for the caller.' },
    RELEASE_SLOT: { value: 'release_slot', description: 'Lets go of what was kept.' },
    BOOK_APPOINTMENT: { value: 'book_appointment', description: 'Books what is kept, or a time that is named.' },
    FIND_APPOINTMENTS: { value: 'find_appointments', description: "Tells the caller's own appointments." },
    RESCHEDULE_APPOINTMENT: { value: 'reschedule_appointment', description: 'Moves one of them.' },
    CANCEL_APPOINTMENT: { value: 'cancel_appointment', description: 'Cancels one of them.' },
  } as const,
})
