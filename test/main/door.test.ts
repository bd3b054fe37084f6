import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProcess } from '../support/child-processes.ts'
import { REPOSITORY, runCommand } from '../support/run-command.ts'
import { openTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'
import { paste } from '../support/terminal.ts'

let folder: TemporaryFolder
beforeAll(async () => {
  folder = await openTemporaryFolder()
  await mkdir(path.join(folder.path, 'src'))
  await copyFile(path.join(REPOSITORY, 'src/slotwire.mjs'), path.join(folder.path, 'src/slotwire.mjs'))
  await writePackage({ node: '^26.0.0', pino: '^10.0.0' })
})
afterAll(() => folder[Symbol.asyncDispose]())

test('what is not installed is one sentence, not a stack', async () => {
  const { exitCode, stderr } = await start()
  expect(exitCode).toBe(1)
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^Not installed in .*: node, pino\. Run "npm install"/),
  ])
})

test('a Node that is too old, because install scripts were not run, is one sentence', async () => {
  await symlink(path.join(REPOSITORY, 'node_modules'), path.join(folder.path, 'node_modules'))
  await writePackage({ node: '^99.0.0' })
  const { exitCode, stderr } = await start()
  expect(exitCode).toBe(1)
  expect(stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(/^Slotwire runs on Node 99, .*--ignore-scripts/)])
})

// The machine that installs has Node 18 or newer, and it is that Node which runs where the packaged one is missing.
test('the door has no words that an older Node cannot read', async () => {
  const door = await readFile(path.join(REPOSITORY, 'src/slotwire.mjs'), 'utf8')
  expect(door).not.toMatch(
    /\b(using|enum|interface|satisfies|Temporal|import\.meta\.(dirname|resolve)|Object\.groupBy)\b/,
  )
  const others = (process.env.PATH ?? '').split(path.delimiter).filter((part) => !part.includes('node_modules'))
  for (const part of others) {
    const run = startProcess('another Node', path.join(part, 'node'), ['src/slotwire.mjs', 'help'], {
      cwd: REPOSITORY,
      environment: { NODE_COMPILE_CACHE: '' },
    })
    // There is none in this folder.
    if ((await run.exited.catch(() => null)) === null) continue
    expect(run.stdout() + run.stderr()).toMatch(/^(Usage: slotwire COMMAND|Slotwire runs on Node 26, which it brings)/)
  }
})

test.each([['help'], ['--help'], ['-h'], ['serve', '--help']])('%s prints the usage', async (...parameters) => {
  const { exitCode, stdout } = await runCommand(parameters)
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^Usage: slotwire COMMAND\n/)
})

test.each([['version'], ['--version']])('%s prints the version', async (parameter) => {
  const { version } = JSON.parse(await readFile(path.join(REPOSITORY, 'package.json'), 'utf8'))
  expect(await runCommand([parameter])).toMatchObject({ exitCode: 0, stdout: `${version}\n` })
})

test('check speaks in words on a terminal, and in JSON with --json', async () => {
  const check = `PORT=x ${process.execPath} ${REPOSITORY}/src/slotwire.mjs check`
  const terminal = { cwd: folder.path, home: folder.path, environment: { PATH: process.env.PATH } }
  const screen = await paste('bash', `${check}\n${check} --json`, terminal)
  expect(screen).toContain('FAIL  configuration  The configuration cannot be used: PORT must be')
  expect(screen).toContain('1 of 1 checks failed.')
  expect(screen.match(/\{"ok":false,"checks":/g)).toHaveLength(1)
})

async function writePackage(dependencies: Record<string, string>): Promise<void> {
  await writeFile(path.join(folder.path, 'package.json'), JSON.stringify({ type: 'module', dependencies }))
}

async function start() {
  const child = startProcess('the door', process.execPath, ['src/slotwire.mjs', 'serve'], {
    cwd: folder.path,
    environment: {},
  })
  return { exitCode: await child.exited, stderr: child.stderr() }
}
