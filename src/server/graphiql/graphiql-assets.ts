// The files of GraphiQL, served from here: a machine without the internet has it too.

import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { RequestRefusal } from '../http/refusals.ts'
import type { RequestHandler } from '../routes.ts'
import { BOOT } from './graphiql-boot.ts'

export interface GraphiqlAssets {
  answer: RequestHandler
  /** Where a page finds a file; another address for every content, so that browsers may keep it for ever. */
  address: (name: AssetName) => Promise<string>
}

type AssetName = 'graphiql.js' | 'graphiql.css' | 'boot.js' | 'editor.js' | 'json.js' | 'graphql.js'

interface Asset {
  type: string
  tag: string
  plain: Buffer
  packed: Buffer
}

const JAVASCRIPT = 'text/javascript; charset=utf-8'
const pack = promisify(gzip)

/** Nine megabytes are read when somebody opens GraphiQL for the first time, never before. */
export function createGraphiqlAssets(): GraphiqlAssets {
  let loading: Promise<Record<AssetName, Asset>> | null = null
  const assets = () => {
    loading ??= loadAssets().catch((error: unknown) => {
      loading = null
      throw error
    })
    return loading
  }

  return {
    async address(name) {
      return `/graphiql/${(await assets())[name].tag}/${name}`
    },
    async answer(request, response) {
      const name = request.url?.split('?')[0]?.split('/').at(-1) ?? ''
      const all: Partial<Record<string, Asset>> = await assets()
      const asset = Object.hasOwn(all, name) ? all[name] : undefined
      if (!asset) throw new RequestRefusal(404, 'NOT_FOUND', 'There is nothing at this address.')
      const isPacked = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
      response
        .writeHead(200, {
          'content-type': asset.type,
          'cache-control': 'public, max-age=31536000, immutable',
          vary: 'accept-encoding',
          'content-length': isPacked ? asset.packed.length : asset.plain.length,
          ...(isPacked && { 'content-encoding': 'gzip' }),
        })
        .end(isPacked ? asset.packed : asset.plain)
    },
  }
}

async function loadAssets(): Promise<Record<AssetName, Asset>> {
  const bundle = await import('@graphql-yoga/render-graphiql/graphiql')
  const [script, style, boot, editor, json, graphql] = await Promise.all([
    makeAsset(bundle.js, JAVASCRIPT),
    makeAsset(bundle.css, 'text/css; charset=utf-8'),
    makeAsset(BOOT, JAVASCRIPT),
    makeAsset(bundle.editorWorkerService, JAVASCRIPT),
    makeAsset(bundle.jsonWorker, JAVASCRIPT),
    makeAsset(bundle.graphqlWorker, JAVASCRIPT),
  ])
  return {
    'graphiql.js': script,
    'graphiql.css': style,
    'boot.js': boot,
    'editor.js': editor,
    'json.js': json,
    'graphql.js': graphql,
  }
}

async function makeAsset(text: string, type: string): Promise<Asset> {
  const plain = Buffer.from(text)
  const tag = hash('sha256', plain, 'base64url').slice(0, 12)
  return { type, tag, plain, packed: await pack(plain) }
}
