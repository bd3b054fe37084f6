// The schema builder: scalars, plugins, and who may call what. Knows no types.
import SchemaBuilder from '@pothos/core'
import ErrorsPlugin from '@pothos/plugin-errors'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import type { Instant } from '../../domain/vocabulary/types.ts'
import type { Context } from './context.ts'
import { forbidden, unauthenticated } from './request-errors.ts'

interface SchemaTypes {
  Context: Context
  DefaultFieldNullability: false
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Instant; Output: Instant }
    Date: { Input: string; Output: string }
    LocalTime: { Input: number; Output: number }
    TimeZone: { Input: string; Output: string }
    PhoneNumber: { Input: string; Output: string }
    JSON: { Input: unknown; Output: unknown }
  }
  AuthScopes: {
    /** Any valid key or token. What it may not see answers as if it were not there. */
    signedIn: boolean
    /** Secret and publishable keys: holding and booking. */
    booking: boolean
    /** Secret keys and the manage token of the appointment. */
    ownAppointment: boolean
    /** Secret keys alone. */
    secret: boolean
  }
}

export const builder = new SchemaBuilder<SchemaTypes>({
  // The first plugin is the outermost: refusals are caught outside the authorization.
  plugins: [ErrorsPlugin, ScopeAuthPlugin],
  defaultFieldNullability: false,
  errors: { directResult: true },
  scopeAuth: {
    authorizeOnSubscribe: true,
    authScopes: ({ caller }) => ({
      signedIn: caller !== null,
      booking: caller?.kind === 'SECRET' || caller?.kind === 'PUBLISHABLE',
      ownAppointment: caller?.kind === 'SECRET' || caller?.kind === 'MANAGE',
      secret: caller?.kind === 'SECRET',
    }),
    unauthorizedError: (_parent, { caller }) => (caller ? forbidden() : unauthenticated()),
  },
})
