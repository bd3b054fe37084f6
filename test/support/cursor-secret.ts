// What the gateways of the tests seal their cursors with.

export const CURSOR_SECRET = 'for tests alone'
