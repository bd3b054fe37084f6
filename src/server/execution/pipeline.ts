// Yoga, set up: the GraphQL pipeline that every transport runs through.

import { type ExecutionArgs, GraphQLError } from 'graphql'
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga'
import type { Caller } from '../../domain/people/callers.ts'
import type { Logger } from '../../runtime/logger.ts'
import { SUBSCRIPTION_NOT_ACCEPTABLE } from '../http/refusals.ts'
import { headersOf, JSON_TYPE, RESPONSE_TYPE, statusOf } from '../http/statuses.ts'
import { type Documents, isPrepared } from './documents.ts'
import { causeOf, describeFault, logFault } from './faults.ts'
import type { Operations, Principal } from './operations.ts'

/** What comes with a request that goes through Yoga whole. */
interface ServerContext {
  requestId: string
  caller: Caller | null
}

export interface Pipeline {
  yoga: YogaServerInstance<ServerContext, Principal>
}

interface PipelineInput {
  documents: Documents
  operations: Operations
  logger: Logger
}

export function createPipeline({ documents, operations, logger }: PipelineInput): Pipeline {
  const yoga = createYoga<ServerContext, Principal>({
    schema: documents.schema,
    logging: false,
    // The routes around it have these.
    graphiql: false,
    landingPage: false,
    cors: false,
    healthCheckEndpoint: '/graphql/health',
    batching: false,
    multipart: false,
    // Each transport has bounded the body before.
    maxRequestBodySize: false,
    // The documents have their own, for every way in.
    parserAndValidationCache: false,
    context: ({ requestId, caller }) => ({ caller, requestId }),
    maskedErrors: {
      // Faults of resolvers were masked where they ran. What arrives here broke in between.
      maskError(error) {
        const cause = causeOf(error)
        if (error instanceof Error && cause === undefined) return error
        logFault(logger, cause, {})
        return describeFault(cause, undefined)
      },
    },
    plugins: [useParameters(), useDocuments(documents), useOperations(documents, operations), useStatuses()],
  })
  return { yoga }
}

/** Of a form or a URL: Yoga reads variables and extensions as JSON, and takes it for its own fault when they are not. */
function useParameters(): Plugin {
  return {
    onRequestParse({ requestParser, setRequestParser }) {
      if (!requestParser) return
      setRequestParser(async (request) => {
        try {
          return await requestParser(request)
        } catch (error) {
          if (error instanceof GraphQLError) throw error
          throw new GraphQLError('The request cannot be read: variables and extensions must be JSON.', {
            extensions: { code: 'BAD_REQUEST', http: { status: 400, spec: true } },
          })
        }
      })
    },
  }
}

function useDocuments(documents: Documents): Plugin {
  return {
    onParse: ({ setParseFn }) => setParseFn(documents.parse),
    onValidate: ({ params, setResult }) => setResult(documents.validate(params.documentAST)),
  }
}

// Subscriptions run outside of Yoga's responses: those do not return a source when the client leaves.
function useOperations(documents: Documents, operations: Operations): Plugin {
  const execute = (args: ExecutionArgs) => {
    const { operationName, variableValues: variables } = args
    const prepared = documents.prepareRead(args.document, { operationName, variables })
    if (!isPrepared(prepared)) return { errors: prepared }
    return operations.execute({ ...args, variableValues: prepared.variableValues })
  }
  return {
    onExecute: ({ setExecuteFn }) => setExecuteFn(execute),
    onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(() => ({ errors: [subscriptionNotAcceptable()] })),
  }
}

function subscriptionNotAcceptable(): GraphQLError {
  const { message, code, status } = SUBSCRIPTION_NOT_ACCEPTABLE
  return new GraphQLError(message, { extensions: { code, http: { status } } })
}

function useStatuses(): Plugin {
  return {
    onExecutionResult({ result, setResult }) {
      if (!result || Symbol.asyncIterator in result || !result.errors?.length) return
      const { errors } = result
      // A refusal before the operation (malformed document, no operation) has its status from Yoga already.
      if (errors.some((error) => error.extensions.http)) return
      const status = statusOf(result, RESPONSE_TYPE)
      const spec = statusOf(result, JSON_TYPE) === 200
      const http = { status, spec, headers: headersOf(status, errors) }
      setResult({ ...result, errors: errors.map((error) => withHttp(error, http)) })
    },
  }
}

function withHttp(error: GraphQLError, http: object): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    path: error.path,
    extensions: { ...error.extensions, http },
  })
}
