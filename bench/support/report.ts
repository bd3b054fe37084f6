// What a run found: rows with a value, its denominator from the same run, and the ratio to reach.

import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'

export interface Row {
  part: string
  /** What was measured, with its unit. */
  measured: string
  value: number
  /** What it is compared with; left out for a row that only informs. */
  against?: string
  denominator?: number
  /** The ratio that the value has to keep to its denominator. */
  target?: { atLeast: number } | { atMost: number }
}

export interface Report {
  rows: Row[]
  /** Circumstances a reader has to know. */
  notes: string[]
}

export function ratioOf({ value, denominator }: Row): number | undefined {
  return denominator === undefined ? undefined : value / denominator
}

export function isReached(row: Row): boolean | undefined {
  const ratio = ratioOf(row)
  if (ratio === undefined || !row.target) return undefined
  return 'atLeast' in row.target ? ratio >= row.target.atLeast : ratio <= row.target.atMost
}

/** For whoever waits: a long part tells what it has found so far. */
export function announce(rows: Row[]): Row[] {
  for (const row of rows) {
    const ratio = ratioOf(row)
    const comparison = ratio === undefined ? '' : `, ${ratio.toFixed(2)}× ${row.against}`
    console.error(`bench: ${row.measured}: ${formatNumber(row.value)}${comparison}`)
  }
  return rows
}

export async function writeReport({ rows, notes }: Report): Promise<string> {
  const text = formatReport({ rows, notes })
  const folder = new URL('../results/', import.meta.url)
  const results = { at: new Date().toISOString(), machine: describeMachine(), notes, rows: rows.map(withRatio) }
  await mkdir(folder, { recursive: true })
  await Promise.all([
    writeFile(new URL('latest.md', folder), text),
    writeFile(new URL('latest.json', folder), `${JSON.stringify(results, null, 2)}\n`),
  ])
  return text
}

function withRatio(row: Row) {
  return { ...row, ratio: ratioOf(row), reached: isReached(row) }
}

function formatReport({ rows, notes }: Report): string {
  const head = ['', 'Measured', 'Value', 'Against', 'Its value', 'Ratio', 'Reach', '']
  const lines = rows.map((row) => [
    row.part,
    row.measured,
    formatNumber(row.value),
    row.against ?? '',
    row.denominator === undefined ? '' : formatNumber(row.denominator),
    ratioOf(row) === undefined ? '' : `${ratioOf(row)?.toFixed(2)}×`,
    formatTarget(row.target),
    { true: 'reached', false: 'MISSED', undefined: '' }[String(isReached(row))] ?? '',
  ])
  const table = [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`)
  return [`# Slotwire bench, ${describeMachine()}`, '', ...table, '', ...notes.map((note) => `- ${note}`), ''].join(
    '\n',
  )
}

function formatTarget(target: Row['target']): string {
  if (!target) return ''
  return 'atLeast' in target ? `≥ ${target.atLeast}×` : `≤ ${target.atMost}×`
}

function formatNumber(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value.toFixed(3)
}

function describeMachine(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  return `commit ${commit}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`
}
