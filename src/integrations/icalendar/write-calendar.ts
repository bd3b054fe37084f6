// Writes a calendar feed as iCalendar: RFC 5545, with the names of RFC 7986 and those that older clients know.
import type { Calendar, CalendarEntry } from '../../domain/outside/calendars/calendar-entries.ts'
import { contentLine, instantValue, textValue } from './content-lines.ts'

/** How often a client should ask again. */
const REFRESH = 'PT15M'

/** The same entries give the same bytes: nothing in it depends on when it is written. */
export function writeCalendar({ name, entries }: Calendar): string {
  return [
    contentLine('BEGIN', 'VCALENDAR'),
    contentLine('VERSION', '2.0'),
    contentLine('PRODID', '-//Slotwire//Calendar feed 1//EN'),
    contentLine('CALSCALE', 'GREGORIAN'),
    contentLine('METHOD', 'PUBLISH'),
    contentLine('NAME', textValue(name)),
    contentLine('X-WR-CALNAME', textValue(name)),
    contentLine('REFRESH-INTERVAL;VALUE=DURATION', REFRESH),
    contentLine('X-PUBLISHED-TTL', REFRESH),
    ...(entries.length === 0 ? [ONLY_UTC] : entries.map(writeEntry)),
    contentLine('END', 'VCALENDAR'),
  ].join('')
}

function writeEntry(entry: CalendarEntry): string {
  const { cancelled, version, startsAt, endsAt, createdAt, updatedAt, locationName } = entry
  return [
    contentLine('BEGIN', 'VEVENT'),
    contentLine('UID', uidOf(entry)),
    // When the entry became what it is, rather than now: else no answer would ever be the same as the one before.
    contentLine('DTSTAMP', instantValue(updatedAt)),
    contentLine('CREATED', instantValue(createdAt)),
    contentLine('LAST-MODIFIED', instantValue(updatedAt)),
    contentLine('SEQUENCE', String(version - 1)),
    contentLine('STATUS', cancelled ? 'CANCELLED' : 'CONFIRMED'),
    contentLine('TRANSP', cancelled ? 'TRANSPARENT' : 'OPAQUE'),
    contentLine('DTSTART', instantValue(startsAt)),
    contentLine('DTEND', instantValue(endsAt)),
    contentLine('SUMMARY', textValue(summaryOf(entry))),
    contentLine('LOCATION', textValue(locationName)),
    contentLine('END', 'VEVENT'),
  ].join('')
}

/** For ever: neither another time, another person nor another name of this machine changes it. */
function uidOf({ appointmentId, segmentPosition }: CalendarEntry): string {
  return `appointment_${appointmentId}${segmentPosition === null ? '' : `-${segmentPosition}`}@slotwire`
}

function summaryOf({ serviceName, segmentName, customerName }: CalendarEntry): string {
  const what = segmentName === null || segmentName === serviceName ? serviceName : `${serviceName}: ${segmentName}`
  return customerName === null ? what : `${what} – ${customerName}`
}

// A calendar has at least one component (RFC 5545, 3.6). Where nothing is booked it is this one, which nobody sees.
const ONLY_UTC = [
  contentLine('BEGIN', 'VTIMEZONE'),
  contentLine('TZID', 'Etc/UTC'),
  contentLine('BEGIN', 'STANDARD'),
  contentLine('DTSTART', '19700101T000000'),
  contentLine('TZOFFSETFROM', '+0000'),
  contentLine('TZOFFSETTO', '+0000'),
  contentLine('END', 'STANDARD'),
  contentLine('END', 'VTIMEZONE'),
].join('')
