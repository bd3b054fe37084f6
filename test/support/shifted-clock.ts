// The clock of `npm run test:clock`, for a PostgreSQL, which inherits nothing: its time and ours have to agree.

export function shiftedClock(): NodeJS.ProcessEnv {
  const { FAKETIME, FAKETIME_DONT_FAKE_MONOTONIC, LD_PRELOAD } = process.env
  return FAKETIME ? { FAKETIME, FAKETIME_DONT_FAKE_MONOTONIC, LD_PRELOAD } : {}
}
