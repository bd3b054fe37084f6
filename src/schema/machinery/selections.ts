// What an operation has selected below a field, so that what it will ask for can be read at once.
import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'
import type { Context } from './context.ts'

/** Whether the field itself or one below selects `name`, and within it something that an id alone does not answer. */
export function selectsRecordsOf(info: GraphQLResolveInfo, name: string): boolean {
  return info.fieldNodes.some((node) => node.selectionSet !== undefined && selects(info, node.selectionSet, name))
}

/** Reads the resources with one statement, if the selection wants more than their ids: no promise for each field later. */
export async function preloadResources(ctx: Context, ids: Iterable<string>, info: GraphQLResolveInfo): Promise<void> {
  const isWanted = info.fieldNodes.some((node) => wantsRecord(info, node.selectionSet))
  if (isWanted) await ctx.moment().resources.preload(ids)
}

function selects(info: GraphQLResolveInfo, selectionSet: SelectionSetNode, name: string): boolean {
  return fieldsOf(info, selectionSet).some((field) =>
    field.name.value === name
      ? wantsRecord(info, field.selectionSet)
      : field.selectionSet !== undefined && selects(info, field.selectionSet, name),
  )
}

function wantsRecord(info: GraphQLResolveInfo, selectionSet: SelectionSetNode | undefined): boolean {
  return fieldsOf(info, selectionSet).some(({ name }) => name.value !== 'id' && name.value !== '__typename')
}

function fieldsOf(info: GraphQLResolveInfo, selectionSet: SelectionSetNode | undefined) {
  return (selectionSet?.selections ?? []).flatMap(function fields(selection): FieldNode[] {
    if (selection.kind === Kind.FIELD) return [selection]
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? info.fragments[selection.name.value] : selection
    return fragment?.selectionSet.selections.flatMap(fields) ?? []
  })
}

type FieldNode = Extract<SelectionSetNode['selections'][number], { kind: Kind.FIELD }>
