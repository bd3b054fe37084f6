// Reads what a TypeScript file imports, types included. TypeScript 7 has no parser to call, so this scans tokens.

interface Token {
  /** Of a string its content, of a template or a regular expression just `0`. */
  text: string
  isString: boolean
}

/** Specifiers of import and export declarations, dynamic imports and type imports, in order. */
export function findImports(source: string): string[] {
  const tokens = tokenize(source)
  return tokens.flatMap((token, index) => {
    if (token.isString || tokens[index - 1]?.text === '.') return []
    const next = tokens[index + 1]
    if (token.text === 'import' && next?.isString) return [next.text]
    if (token.text === 'import' && next?.text === '(')
      return tokens[index + 2]?.isString ? [textAt(tokens, index + 2)] : []
    if (token.text === 'import' && next?.text !== '.') return findFrom(tokens, index)
    if (token.text === 'export' && ['*', '{', 'type'].includes(next?.text ?? '')) return findFrom(tokens, index)
    return []
  })
}

/** Whether the file reads the environment of the process, or takes `process` somewhere else, where it could be read. */
export function readsEnvironment(source: string): boolean {
  const tokens = tokenize(source)
  return tokens.some((token, index) => {
    if (token.isString) return /^(node:)?process$/.test(token.text) && tokens[index - 1]?.text === 'from'
    const isGlobal = tokens[index - 1]?.text !== '.' || tokens[index - 2]?.text === 'globalThis'
    if (token.text !== 'process' || !isGlobal) return false
    const [dot, property] = tokens.slice(index + 1).filter(({ text }) => text !== '?')
    return dot?.text !== '.' || property?.text === 'env'
  })
}

// Between a declaration and its `from` stand names, braces and commas only; anything else is no import.
function findFrom(tokens: Token[], start: number): string[] {
  for (let index = start + 1; index < tokens.length; index++) {
    const token = tokens[index]
    if (token?.text === 'from' && tokens[index + 1]?.isString) return [textAt(tokens, index + 1)]
    if (!token || (!token.isString && !/^[\w$*{},]+$/.test(token.text))) return []
  }
  return []
}

function textAt(tokens: Token[], index: number): string {
  return tokens[index]?.text ?? ''
}

const TOKEN =
  /(?<blank>\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*")|(?<word>[\w$]+)|(?<mark>[\s\S])/y
const REGULAR_EXPRESSION = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
const TEMPLATE_PART = /(?:\\[\s\S]|(?!\$\{)[^`\\])*/y
// A slash after one of these divides; after anything else it begins a regular expression.
const OPERAND = /^(?:[)\]}]|(?!(?:return|typeof|case|in|of|void|delete|await|yield|throw|else|do)$)[\w$]+)$/

function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  // For each open template the number of braces open in its expression.
  const templates: number[] = []
  let position = 0

  const take = (pattern: RegExp) => {
    pattern.lastIndex = position
    const match = pattern.exec(source)
    position += match?.[0].length ?? 0
    return match
  }
  const takeTemplatePart = () => {
    take(TEMPLATE_PART)
    if (source[position] === '`') position += 1
    else if (source.startsWith('${', position)) {
      position += 2
      templates.push(0)
    }
  }

  while (position < source.length) {
    const last = tokens.at(-1)
    const mayDivide = last !== undefined && (last.isString || OPERAND.test(last.text))
    if (
      source[position] === '/' &&
      !/[/*]/.test(source[position + 1] ?? '') &&
      !mayDivide &&
      take(REGULAR_EXPRESSION)
    ) {
      tokens.push({ text: '0', isString: false })
      continue
    }
    const groups = take(TOKEN)?.groups
    if (groups?.string) tokens.push({ text: groups.string.slice(1, -1), isString: true })
    if (groups?.word) tokens.push({ text: groups.word, isString: false })
    if (!groups?.mark) continue
    const depth = templates.at(-1)
    if (groups.mark === '`') {
      takeTemplatePart()
      tokens.push({ text: '0', isString: false })
    } else if (groups.mark === '}' && depth === 0) {
      templates.pop()
      takeTemplatePart()
    } else {
      if (depth !== undefined && '{}'.includes(groups.mark))
        templates.push((templates.pop() ?? 0) + (groups.mark === '{' ? 1 : -1))
      tokens.push({ text: groups.mark, isString: false })
    }
  }
  return tokens
}
