// What the statements of a piece of work read: every statement is explained as it runs, under its own role and tenant.
import type { Tx } from '../../src/db/transaction.ts'

export interface ReadPlan {
  statement: string
  /** Rows that scans of tables and indexes brought up, those among them that a filter threw away included. */
  rowsRead: number
  /** Tables that were read from end to end. */
  scanned: string[]
}

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: PlanNode[]
}

/** `tx` with an ear: whatever `work` asks through it is asked twice, once for its plan. For reads only. */
export async function explainStatements(tx: Tx, work: (tx: Tx) => Promise<unknown>): Promise<ReadPlan[]> {
  const plans: Promise<ReadPlan>[] = []
  const sql = new Proxy(tx.sql, {
    apply(target, self, args: [TemplateStringsArray, ...never[]]) {
      const query = Reflect.apply(target, self, args)
      if (!('raw' in args[0])) return query
      // A fragment is never waited for; a statement is.
      const run = query.then.bind(query)
      // biome-ignore lint/suspicious/noThenProperty: this is how a statement is told from a fragment.
      query.then = (...handlers: Parameters<typeof run>) => {
        plans.push(explain(target, args))
        return run(...handlers)
      }
      return query
    },
  })
  await work({ ...tx, sql })
  return Promise.all(plans)
}

async function explain(sql: Tx['sql'], args: [TemplateStringsArray, ...never[]]): Promise<ReadPlan> {
  const rows = await sql<{ 'QUERY PLAN': [{ Plan: PlanNode }] }[]>`explain (analyze, format json) ${sql(...args)}`
  const nodes = flatten(rows[0]?.['QUERY PLAN'][0].Plan as PlanNode)
  const scans = nodes.filter((node) => node['Relation Name'] !== undefined && node['Node Type'].includes('Scan'))
  const read = (node: PlanNode) =>
    (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
    node['Actual Loops']
  return {
    statement: args[0].join('$').replaceAll(/\s+/g, ' ').trim(),
    rowsRead: Math.round(scans.reduce((sum, node) => sum + read(node), 0)),
    scanned: scans.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => String(node['Relation Name'])),
  }
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}
