// The schema: every word's types, built.
import './appointments.ts'
import './appointment-changes.ts'
import './appointment-pages.ts'
import './availability.ts'
import './boards.ts'
import './booking.ts'
import './calendar-feeds.ts'
import './calendars.ts'
import './customers.ts'
import './holds.ts'
import './integrations.ts'
import './live-appointments.ts'
import './locations.ts'
import './machinery/nodes.ts'
import './organizations.ts'
import './personal-data.ts'
import './policies.ts'
import './refusals.ts'
import './resources.ts'
import './machinery/scalars.ts'
import './services.ts'
import './slots.ts'
import './time-off.ts'
import './webhook-endpoints.ts'
import './working-hours.ts'
import type { GraphQLSchema } from 'graphql'
import { builder } from './machinery/builder.ts'
import { tellRefusals } from './machinery/root-fields.ts'

builder.queryType({ description: 'Reads. All fields of one query see the same moment of the database.' })
builder.mutationType({ description: 'Changes, one after the other. What an answer selects is read after its commit.' })
builder.subscriptionType({ description: 'Live views: over WebSocket (graphql-transport-ws) or server-sent events.' })

export function createSchema(): GraphQLSchema {
  return tellRefusals(builder.toSchema())
}
