// When resources work: weekly hours and the dates that are different.

import { setDateOverride, setWeeklyHours } from '../domain/catalogue/working-schedules.ts'
import { BusyError, InvalidInputError, NotFoundError, VersionConflictError } from '../domain/vocabulary/refusals.ts'
import { Weekday } from './enums.ts'
import { seesPrivateNotes } from './machinery/access.ts'
import { builder } from './machinery/builder.ts'
import { requireId } from './machinery/inputs.ts'
import { write } from './machinery/writes.ts'
import { DateOverride, Resource, TimeRange, WeeklyHours } from './refs.ts'

const CLOSES_AT = '`24:00` is midnight; a time at or before opensAt is on the next day.'

WeeklyHours.implement({
  description: 'A range of wall-clock time that comes every week.',
  fields: (t) => ({
    weekday: t.expose('weekday', { type: Weekday, description: 'The day on which it opens.' }),
    opensAt: t.expose('opensAt', { type: 'LocalTime', description: 'When it opens.' }),
    closesAt: t.expose('closesAt', { type: 'LocalTime', description: `When it closes. ${CLOSES_AT}` }),
  }),
})

TimeRange.implement({
  description: 'A range of wall-clock time on one date.',
  fields: (t) => ({
    opensAt: t.expose('opensAt', { type: 'LocalTime', description: 'When it opens.' }),
    closesAt: t.expose('closesAt', { type: 'LocalTime', description: `When it closes. ${CLOSES_AT}` }),
  }),
})

DateOverride.implement({
  description: 'Replaces the weekly hours of one date. No ranges: closed.',
  fields: (t) => ({
    date: t.expose('date', { type: 'Date', description: 'The date at the location.' }),
    hours: t.expose('hours', { type: [TimeRange], description: 'When the resource works on this date, by opening.' }),
    reason: t.string({
      nullable: true,
      description: 'Why, for the staff. Null to publishable keys and manage tokens.',
      resolve: ({ reason }, _args, ctx) => (seesPrivateNotes(ctx) ? reason : null),
    }),
  }),
})

export const WeeklyHoursInput = builder.inputType('WeeklyHoursInput', {
  description: 'A range of wall-clock time that comes every week.',
  fields: (t) => ({
    weekday: t.field({ type: Weekday, required: true, description: 'The day on which it opens.' }),
    opensAt: t.field({ type: 'LocalTime', required: true, description: 'When it opens: 00:00 to 23:59.' }),
    closesAt: t.field({ type: 'LocalTime', required: true, description: `When it closes. ${CLOSES_AT}` }),
  }),
})

const TimeRangeInput = builder.inputType('TimeRangeInput', {
  description: 'A range of wall-clock time on one date.',
  fields: (t) => ({
    opensAt: t.field({ type: 'LocalTime', required: true, description: 'When it opens: 00:00 to 23:59.' }),
    closesAt: t.field({ type: 'LocalTime', required: true, description: `When it closes. ${CLOSES_AT}` }),
  }),
})

const SetWeeklyHoursInput = builder.inputType('SetWeeklyHoursInput', {
  description: 'The new week of a resource.',
  fields: (t) => ({
    resourceId: t.id({ required: true, description: 'Whose week it is.' }),
    expectedVersion: t.int({ required: true, description: "The resource's version that the change is based on." }),
    weeklyHours: t.field({
      type: [WeeklyHoursInput],
      required: true,
      description: 'Replaces all weekly hours. Ranges may touch, not overlap. Empty: never.',
    }),
  }),
})

const SetDateOverrideInput = builder.inputType('SetDateOverrideInput', {
  description: 'hours empty: closed. hours null: back to the weekly hours.',
  fields: (t) => ({
    resourceId: t.id({ required: true, description: 'Whose hours they are.' }),
    expectedVersion: t.int({ required: true, description: "The resource's version that the change is based on." }),
    date: t.field({ type: 'Date', required: true, description: 'The date at the location.' }),
    hours: t.field({
      type: [TimeRangeInput],
      description: 'The hours of this date. Empty: closed. Null or omitted: back to the weekly hours.',
    }),
    reason: t.string({ description: 'Why, for the staff. At most 2000 characters.' }),
  }),
})

builder.mutationFields((t) => ({
  setWeeklyHours: t.field({
    type: Resource,
    description:
      'Replaces the weekly hours of a resource. Appointments outside the new hours stay. Live views are told. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [VersionConflictError, InvalidInputError, NotFoundError, BusyError],
      union: { name: 'SetWeeklyHoursResult', description: 'The changed resource, or why nothing changed.' },
    },
    args: { input: t.arg({ type: SetWeeklyHoursInput, required: true, description: 'The new week.' }) },
    resolve: (_root, { input }, ctx) => {
      const resourceId = requireId('resource', input.resourceId)
      return write(ctx, (tx) => setWeeklyHours(tx, { ...input, resourceId }))
    },
  }),
  setDateOverride: t.field({
    type: Resource,
    description:
      'Gives one date hours of its own, closes it, or takes it back to the weekly hours. Appointments outside the new hours stay. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [VersionConflictError, InvalidInputError, NotFoundError, BusyError],
      union: { name: 'SetDateOverrideResult', description: 'The changed resource, or why nothing changed.' },
    },
    args: { input: t.arg({ type: SetDateOverrideInput, required: true, description: 'The date and its hours.' }) },
    resolve: (_root, { input }, ctx) => {
      const resourceId = requireId('resource', input.resourceId)
      return write(ctx, (tx) => setDateOverride(tx, { ...input, resourceId }))
    },
  }),
}))
