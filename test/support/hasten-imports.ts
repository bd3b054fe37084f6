// As the command does it: every worker imports the libraries too.

import { hastenImports } from '../../src/runtime/quick-imports.ts'

hastenImports()
