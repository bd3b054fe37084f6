import { expect, test } from 'vitest'
import { book, hourAhead, openSalon } from '../../support/salon.ts'

const servedBy = async (booking: ReturnType<typeof book>) => (await booking).appointment.segments[0]?.resourceIds[0]

test('on a day without bookings whoever has not served for longest is chosen', async () => {
  await using salon = await openSalon({ people: 3 })
  const [first, second, third] = salon.people
  const pinned = (startsAt: number, id = '') => ({ slot: { serviceId: salon.cutId, startsAt, resourceIds: [id] } })
  await book(salon, null, pinned(hourAhead(0), first))
  await book(salon, null, pinned(hourAhead(24), third))
  // Two days later nobody is booked: the second has never served, the first served before the third.
  expect(await servedBy(book(salon, hourAhead(72)))).toBe(second)
  expect(await servedBy(book(salon, hourAhead(73)))).toBe(first)
  expect(await servedBy(book(salon, hourAhead(74)))).toBe(third)
})

test('whoever served the day before has not waited long, also where that day is read along for alternatives', async () => {
  await using salon = await openSalon({ people: 2 })
  const [first, second] = salon.people
  const pinned = (startsAt: number, id = '') => ({ slot: { serviceId: salon.cutId, startsAt, resourceIds: [id] } })
  await book(salon, null, pinned(hourAhead(0), second))
  await book(salon, null, pinned(hourAhead(48), first))
  expect(await servedBy(book(salon, hourAhead(72), { onUnavailable: 'BOOK_ALTERNATIVE' }))).toBe(second)
})
