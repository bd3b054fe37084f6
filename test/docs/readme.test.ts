import { readFileSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProcess, type TestProcess } from '../support/child-processes.ts'
import { REPOSITORY } from '../support/run-command.ts'
import { openTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'
import { paste } from '../support/terminal.ts'
import { until } from '../support/until.ts'

const readme = readFileSync(path.join(REPOSITORY, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, commands = '']) => commands.trim())
const scripts = JSON.parse(readFileSync(path.join(REPOSITORY, 'package.json'), 'utf8')).scripts as Record<
  string,
  string
>

let folder: TemporaryFolder
let gateway: TestProcess
beforeAll(async () => {
  folder = await openTemporaryFolder()
  for (const name of ['src', 'demo', 'test', 'node_modules', 'package.json']) {
    await symlink(path.join(REPOSITORY, name), path.join(folder.path, name))
  }
  gateway = startProcess('npm start', 'npm', ['start'], { cwd: folder.path, environment: environment({ PORT: '0' }) })
  await until(() => gateway.stderr().includes('Slotwire is ready'), { deadlineMs: 60_000, what: 'npm start' })
}, 90_000)
afterAll(async () => {
  gateway.signal('SIGINT')
  await gateway.exited
  await folder[Symbol.asyncDispose]()
})

function environment(more: Record<string, string> = {}): Record<string, string | undefined> {
  return { PATH: process.env.PATH, HOME: process.env.HOME, NO_UPDATE_NOTIFIER: '1', ...more }
}

/** As somebody would type them, into one shell. */
async function typed(commands: string): Promise<string> {
  await using shell = startProcess('shell', 'bash', ['-c', commands], { cwd: folder.path, environment: environment() })
  await shell.exited
  return shell.stdout()
}

const blockWith = (text: string) => blocks.find((block) => block.includes(text)) ?? expect.fail(`no block with ${text}`)

describe('the README', () => {
  it('names scripts that exist', () => {
    const named = [...readme.matchAll(/npm (?:run (?:-s )?)?(start|test|[\w:]+)/g)].map(([, name = '']) => name)
    const unknown = named.filter((name) => !['install', 'run', 'are', 'is'].includes(name) && !scripts[name])
    expect(unknown).toEqual([])
  })

  it('starts with the two commands that CI runs', () => {
    expect(blocks.slice(0, 2)).toEqual(['npm install && npm start', 'npm install && npm test'])
    expect(readFileSync(path.join(REPOSITORY, '.ci/run'), 'utf8')).toMatch(
      /^npm install && (TEST_REPORT="\$report" )?npm test$/m,
    )
  })

  const booking = ['ask() {', 'NEAR=', 'bookAppointment'].map(blockWith).join('\n')
  const watching = blockWith('subscription').replace('--max-time 20', '--max-time 3')

  it('books with curl', async () => {
    const answers = (await typed(booking)).trim().split('\n')
    const [services, alternatives, booked] = answers.map((line) => JSON.parse(line))
    expect(services.data.services.map(({ name }: { name: string }) => name)).toContain('Haircut')
    expect(alternatives.data.alternatives).toHaveLength(3)
    expect(booked.data.bookAppointment.manageToken).toMatch(/^mt_/)
  })

  // Where `!` brings back earlier commands, `#` begins no comment, and a quote is waited for.
  it.each(['bash', 'zsh'] as const)('books and watches when it is pasted into %s', async (shell) => {
    await using home = await openTemporaryFolder()
    const terminal = { cwd: folder.path, home: home.path, environment: environment() }
    const screen = await paste(shell, `${booking}\n${watching}`, terminal)
    const answered = screen.replaceAll(/\s+/g, '')
    expect(answered).toContain('"name":"Haircut","durationMinutes":45')
    expect(answered).toMatch(/\{"data":\{"alternatives":\[\{"startsAt":/)
    expect(answered).toMatch(/\{"data":\{"bookAppointment":\{"usedAlternative":(true|false),"manageToken":"mt_/)
    expect(answered).toContain('data:{"data":{"availability":{"kind":"SNAPSHOT"')
    expect(screen).not.toMatch(/not found|no matches|parse error|unmatched/i)
  })

  it('plays a telephone call', async () => {
    const conversation = await typed(blockWith('demo:call'))
    for (const outcome of ['HELD', 'BOOKED', 'RESCHEDULED', 'FOUND', 'CANCELLED']) {
      expect(conversation).toMatch(new RegExp(`→ 200 \\w*${outcome}`))
    }
    expect(conversation).toContain('one booking, the same answer')
    expect(conversation).not.toContain('undefined')
  })

  it('runs the commands of an operator', async () => {
    const lines = (await typed(blockWith('create-organization')))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toMatchObject([
      { ok: true },
      { migrated: true },
      { organizationId: expect.stringMatching(/^organization_/) },
    ])
  })
})
