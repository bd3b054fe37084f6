// The door of the command: plain JavaScript that every Node from 18 on can read, which says what is missing before anything needs it.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const fault = findFault()
if (fault) {
  process.stderr.write(`${fault}\n`)
  process.exit(1)
}
await import('./main.ts')

/** One sentence that says what to do, or null. */
function findFault() {
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  const isThere = (name) => existsSync(new URL(`node_modules/${name}/package.json`, root))
  const missing = Object.keys(dependencies).filter((name) => !isThere(name))
  if (missing.length > 0) {
    const which = missing.length > 3 ? `${missing.length} packages` : missing.join(', ')
    return `Not installed in ${fileURLToPath(new URL('node_modules', root))}: ${which}. Run "npm install" there (yarn needs "nodeLinker: node-modules"), then start again.`
  }
  const wanted = Number(/\d+/.exec(dependencies.node)?.[0])
  if (Number(process.versions.node.split('.')[0]) >= wanted) return null
  // npm scripts find it before the machine's own, unless its install script was not allowed to run.
  return `Slotwire runs on Node ${wanted}, which it brings as a package, and this is Node ${process.versions.node}. Start it by an npm script ("npm start"). If that is how it was started, the package's install script did not run: run "npm rebuild" (after --ignore-scripts), "pnpm approve-builds" or "yarn rebuild", or put a Node ${wanted} on the PATH.`
}
