// As the command does it: every test file is a process that imports the libraries anew.

import { hastenImports } from '../../src/runtime/quick-imports.ts'

hastenImports()
