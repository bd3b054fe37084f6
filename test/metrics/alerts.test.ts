import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { requireProgram } from '../support/programs.ts'

const RULES = path.resolve(import.meta.dirname, '../../ops/prometheus')

test('each alert is raised at its threshold, and none by a healthy gateway', () => {
  const promtool = requireProgram('promtool', 'prometheus')
  const run = (...parameters: string[]) => execFileSync(promtool, parameters, { cwd: RULES, encoding: 'utf8' })
  expect(run('check', 'rules', 'alerts.yml')).toContain('SUCCESS')
  expect(run('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS')
})
