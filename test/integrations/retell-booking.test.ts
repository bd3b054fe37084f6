import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRetellGateway, type RetellGateway } from '../support/retell-gateway.ts'
import { countOverlaps } from '../support/salon.ts'

let gateway: RetellGateway
beforeAll(async () => {
  gateway = await openRetellGateway({ people: 2 })
})
afterAll(() => gateway[Symbol.asyncDispose]())

describe('a conversation', () => {
  it('checks, holds and books', async () => {
    const call = await gateway.retell.ring({ from: '+491701110001' })
    const checked = await call.invoke('check_availability', {
      service: 'Haircut',
      date: 'übermorgen',
      time: 'halb drei',
    })
    expect(checked).toMatchObject({ status: 200, body: { success: true, outcome: 'FREE' } })
    const held = await call.invoke('hold_slot', { date: 'übermorgen', time: 'halb drei' })
    expect(held.body).toMatchObject({ success: true, outcome: 'HELD' })
    const booked = await call.invoke('book_appointment', { name: 'Grace Hopper' })
    expect(booked.body).toMatchObject({ success: true, outcome: 'BOOKED', name: 'Grace Hopper' })
    const found = await call.invoke('find_appointments', {})
    expect(found.body).toMatchObject({ outcome: 'FOUND', appointments: [{ service: 'Haircut' }] })
    const moved = await call.invoke('reschedule_appointment', { new_date: 'übermorgen', new_time: '16 Uhr' })
    expect(moved.body).toMatchObject({ outcome: 'RESCHEDULED' })
    const cancelled = await call.invoke('cancel_appointment', {})
    expect(cancelled.body).toMatchObject({ outcome: 'CANCELLED' })
    expect(await countOverlaps(gateway.db)).toBe(0)
  })
})
