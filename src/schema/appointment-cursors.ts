// The moment of a list of appointments, as a cursor that the live list goes on from.
import { readLogPosition } from '../db/log-positions.ts'
import { appointmentsScope } from '../realtime/cursors.ts'
import { parseSnapshot } from '../realtime/snapshots.ts'
import { type Context, callerOf } from './machinery/context.ts'

export async function readAppointmentsCursor(ctx: Context): Promise<string> {
  const { epoch, snapshot, now } = await ctx.read(readLogPosition)
  const seen = parseSnapshot(snapshot)
  if (!seen) throw new Error(`PostgreSQL answered a snapshot that cannot be read: ${snapshot}`)
  const scope = appointmentsScope(callerOf(ctx).organizationId)
  return ctx.live.writeCursor({ epoch, snapshot: seen, ahead: [], at: now, scope })
}
