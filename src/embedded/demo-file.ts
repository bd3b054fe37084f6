// The file that tells scripts how to reach the demo: `demo.json` in the data folder, readable by its owner only.

import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { OperatorError } from '../runtime/operator-error.ts'

export interface DemoKeys {
  organizationId: string
  publishableKey: string
  secretKey: string
}

interface DemoFile extends DemoKeys {
  /** The gateway's endpoint. */
  graphql: string
}

const NAME = 'demo.json'

/** Whole or not at all: a reader never sees half of it. */
export async function writeDemoFile(dataDirectory: string, { graphql, ...keys }: DemoFile): Promise<void> {
  const file = path.join(dataDirectory, NAME)
  try {
    await writeFile(`${file}.new`, `${JSON.stringify({ graphql, ...keys }, null, 2)}\n`, { mode: 0o600 })
    await rename(`${file}.new`, file)
  } catch (cause) {
    throw new OperatorError(`The demo's file ${file} cannot be written (${(cause as NodeJS.ErrnoException).code}).`, {
      cause,
    })
  }
}

/** Null: there is none. One that cannot be used is never replaced silently: somebody may have the keys that were in it. */
export async function readDemoFile(dataDirectory: string): Promise<DemoFile | null> {
  const file = path.join(dataDirectory, NAME)
  const refusal = (what: string, cause?: unknown) =>
    new OperatorError(`The demo's file ${file} ${what}: mend it, or move it away to get a new demo.`, { cause })
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null
    throw refusal(`cannot be read (${cause.code})`, cause)
  })
  if (text === null) return null
  let demo: Partial<DemoFile> | null = null
  try {
    demo = JSON.parse(text)
  } catch (cause) {
    throw refusal('is damaged (it is no JSON)', cause)
  }
  const { graphql, organizationId, publishableKey, secretKey } = demo ?? {}
  if (!(organizationId && publishableKey && secretKey)) throw refusal('is damaged (a key is missing)')
  return { graphql: graphql ?? '', organizationId, publishableKey, secretKey }
}
