// The file that tells scripts how to reach the demo: `demo.json` in the data folder, readable by its owner only.

import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'

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
  await writeFile(`${file}.new`, `${JSON.stringify({ graphql, ...keys }, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

/** Null: there is none, or none that can be used. */
export async function readDemoFile(dataDirectory: string): Promise<DemoFile | null> {
  const text = await readFile(path.join(dataDirectory, NAME), 'utf8').catch(() => '{}')
  try {
    const demo: Partial<DemoFile> | null = JSON.parse(text)
    return demo?.organizationId && demo.publishableKey && demo.secretKey ? (demo as DemoFile) : null
  } catch {
    return null
  }
}
