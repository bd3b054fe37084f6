// Plays a telephone call to the demo salon against a running gateway, and prints the conversation: `npm run demo:call`.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { createFakeRetell, type FakeCall, type FunctionReply } from '../test/support/fake-retell.ts'

interface Demo {
  graphql: string
  secretKey: string
}

const FILE = process.argv[2] ?? '.slotwire/demo.json'
const demo = await readDemo()
const gateway = new URL(demo.graphql).origin
const webhookKey = randomBytes(24).toString('base64url')

const { integrationId, salon } = await connect()
const retell = createFakeRetell({ url: gateway, integrationId, webhookKey })

console.log(`A call to ${salon} (${gateway})\n`)
const call = await ring()
await retell.event('call_started', call.object)

say('Agentin', 'Guten Tag, was kann ich für Sie tun?')
say('Anrufer', 'Guten Tag, ich hätte gern einen Haarschnitt. Ginge es nächste Woche Mittwoch um acht?')
await invoke('check_availability', { service: 'Haarschnitt', date: 'nächste Woche Mittwoch', time: 'um acht' })
say('Anrufer', 'Nein, lieber nachmittags, um halb drei.')
let held = await invoke('check_availability', {
  service: 'Haarschnitt',
  date: 'nächste Woche Mittwoch',
  time: 'nachmittags um halb drei',
  hold: true,
})
const [alternative] = (held.body.alternatives as { startsAt: string; spoken: string }[] | undefined) ?? []
if (!held.body.success && alternative) {
  say('Anrufer', `Dann ${alternative.spoken}.`)
  held = await invoke('hold_slot', { service: 'Haarschnitt', date: alternative.startsAt })
}
say('Anrufer', 'Das passt. Mein Name ist Grace Hopper: H, O, P, P, E, R.')
// The model writes whatever it likes for a call id, and Retell tries again although the first attempt was answered.
const toolCallId = `tool_${randomBytes(6).toString('hex')}`
const booking = { name: 'Grace Hopper', call_id: 'dummy_call_id', email: 'None' }
const [booked, retry] = await Promise.all([
  call.invoke('book_appointment_v17', booking, { toolCallId }),
  call.invoke('book_appointment_v17', booking, { toolCallId }),
])
show('book_appointment_v17', booking, booked)
note(
  `sent twice at once: ${JSON.stringify(retry.body) === JSON.stringify(booked.body) ? 'one booking, the same answer' : 'two answers!'}`,
)

say('Anrufer', 'Ach, geht es auch eine Stunde später?')
const [slot] = booked.body.slots as { startsAt: string }[]
const later = Temporal.Instant.from(slot?.startsAt ?? '')
  .add({ hours: 1 })
  .toZonedDateTimeISO('Europe/Berlin')
await invoke('reschedule_appointment', {
  new_date: later.toPlainDate().toString(),
  new_time: later.toPlainTime().toString().slice(0, 5),
})
say('Anrufer', 'Was habe ich denn jetzt gebucht?')
await invoke('find_appointments', {})
say('Anrufer', 'Danke, doch lieber gar nicht. Bitte absagen.')
await invoke('cancel_appointment', { reason: 'Es kam etwas dazwischen.' })

await retell.event('call_ended', { ...call.object, end_timestamp: Date.now(), duration_ms: 61_000 })
const late = await retell.event('call_started', call.object)
const again = await retell.event('call_ended', call.object)
note(`the call has ended; a late call_started and a second call_ended were answered ${late.status} and ${again.status}`)

/** As the service does: tries again while the gateway does not take it (a key that was just changed takes a second). */
async function ring(): Promise<FakeCall> {
  for (let attempt = 1; ; attempt++) {
    const ringing = await retell.ring({ from: '+4930901820' })
    if (ringing.object.metadata) return ringing
    if (attempt === 4) throw new Error('The gateway does not take the call.')
    await pause(400 * attempt)
  }
}

async function invoke(name: string, args: Record<string, unknown>): Promise<FunctionReply> {
  const reply = await call.invoke(name, args)
  show(name, args, reply)
  return reply
}

function show(name: string, args: object, { status, body }: FunctionReply): void {
  note(`${name} ${JSON.stringify(args)} → ${status} ${body.outcome}`)
  say('Agentin', body.message)
}

function say(who: string, text: string): void {
  console.log(`${who}: ${text}`)
}

function note(text: string): void {
  console.log(`   [${text}]`)
}

async function readDemo(): Promise<Demo> {
  try {
    return JSON.parse(await readFile(FILE, 'utf8'))
  } catch (cause) {
    throw new Error(`${FILE} cannot be read. Start the gateway with \`npm start\` first.`, { cause })
  }
}

async function connect(): Promise<{ integrationId: string; salon: string }> {
  const { organization, services } = await ask<{
    organization: { locations: { id: string; name: string }[] }
    services: { id: string; name: string }[]
  }>('{ organization { locations { id name } } services { id name } }')
  const [location] = organization.locations
  const haircut = services.find(({ name }) => name === 'Haircut')
  if (!location || !haircut) throw new Error('This is not the demo salon.')
  const { connectRetell } = await ask<{ connectRetell: { id: string } }>(
    `mutation ($input: ConnectRetellInput!) {
      connectRetell(input: $input) { ... on Integration { id } ... on Error { message } }
    }`,
    {
      input: {
        locationId: location.id,
        apiKey: webhookKey,
        language: 'DE',
        serviceNames: [{ spoken: 'Haarschnitt', serviceId: haircut.id }],
      },
    },
  )
  return { integrationId: connectRetell.id.replace('integration_', ''), salon: location.name }
}

async function ask<Data>(query: string, variables: object = {}): Promise<Data> {
  const response = await fetch(demo.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${demo.secretKey}` },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data: Data; errors?: { message: string }[] }
  if (errors?.[0]) throw new Error(errors[0].message)
  return data
}
