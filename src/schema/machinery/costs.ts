// What a field costs, declared beside it: the server adds it up before it executes anything (`server/execution/costs.ts`).

export interface Cost {
  /** Of the field itself, whatever is selected of it. A plain field costs 1. */
  field: number
  /** How many times what is selected below is answered, where the document does not say. */
  rows?: number
  /** The arguments that say it, the first that is given, each as the path to it. */
  rowsFrom?: readonly (readonly string[])[]
}

/** As options of a field. Without them it costs 1, and a list is taken to have 3 rows. */
export function costs(cost: Cost): { extensions: { cost: Cost } } {
  return { extensions: { cost } }
}
