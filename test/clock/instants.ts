// The instants at which the suite has to pass as it does today.

/** Two minutes before each full hour, so that the hour changes while the tests run. */
const hoursOfADay = Array.from({ length: 24 }, (_, hour) => `2027-06-16T${String(hour).padStart(2, '0')}:58:00Z`)

/** The clocks of Berlin change at 01:00 UTC; its day and its year change at 22:00 UTC in summer and 23:00 in winter. */
const special = [
  '2027-03-28T00:30:00Z',
  '2027-03-28T00:58:00Z',
  '2027-10-31T00:30:00Z',
  '2027-10-31T00:58:00Z',
  '2027-12-31T21:58:00Z',
  '2027-12-31T22:58:00Z',
  '2027-12-31T23:58:00Z',
  '2028-02-29T12:00:00Z',
  '2028-02-29T22:58:00Z',
]

export const INSTANTS = {
  few: [
    '2027-06-16T18:58:00Z',
    '2027-06-16T19:00:00Z',
    '2027-06-16T21:30:00Z',
    '2027-03-28T00:30:00Z',
    '2027-10-31T00:30:00Z',
    '2027-12-31T22:00:00Z',
    '2028-02-29T12:00:00Z',
  ],
  all: [...hoursOfADay, ...special],
}
