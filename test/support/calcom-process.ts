// A process that hears Cal.com's webhooks and runs its jobs, to be killed. DATABASE_URL names the database; prints its address.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openDatabase } from '../../src/db/client.ts'
import { calcomRoutes } from '../../src/integrations/calcom/routes.ts'
import { calcomTasks } from '../../src/integrations/calcom/rules.ts'
import { startJobs } from '../../src/integrations/jobs/runner.ts'
import { createWebhookDoor } from '../../src/integrations/webhooks/door.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { QUICK } from './calcom-rules.ts'

const url = process.env.DATABASE_URL ?? ''
const logger = createLogger('warn')
const db = openDatabase({ url })
const rules = { ...QUICK, timeoutMs: 60_000 }
startJobs({ url, db, logger, deadAfterMs: QUICK.deadAfterMs, tasks: calcomTasks({ db, logger, rules }) })
const door = createWebhookDoor(calcomRoutes({ db }), logger)
const server = createServer((request, response) => void door(request, response, 'request'))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
