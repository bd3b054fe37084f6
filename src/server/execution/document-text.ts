// From a document's text to its tree: length, tokens and nesting are judged before there is one.

import { type DocumentNode, Lexer, parse, Source, TokenKind } from 'graphql'
import { beyond, type DocumentLimits } from './document-limits.ts'

/** Throws a GraphQLError: a limit, or what is wrong with the syntax. */
export function readDocument(text: string, limits: DocumentLimits): { document: DocumentNode; tokens: number } {
  if (text.length > limits.characters) throw beyond('characters', limits.characters, text.length)
  const tokens = countTokens(text, limits)
  return { document: parse(text), tokens }
}

/** The parser calls itself for every bracket, and fails where the stack ends: so they are counted without it. */
function countTokens(text: string, limits: DocumentLimits): number {
  const lexer = new Lexer(new Source(text))
  let count = 0
  let nesting = 0
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    if (++count > limits.tokens) throw beyond('tokens', limits.tokens)
    if (OPENING.has(token.kind) && ++nesting > limits.nesting) throw beyond('nesting', limits.nesting)
    if (CLOSING.has(token.kind)) nesting--
  }
  return count
}

const OPENING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const CLOSING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])
