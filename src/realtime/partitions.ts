// The fixed set of channels that all gateways share, and which organization speaks on which.

/**
 * One for each sixteenth of a cluster's hash slots, in order: the tags were searched so that any number of masters gets
 * an even share (numbered tags would not).
 */
const PARTITION_TAGS = [
  '0-8',
  '1-68',
  '2-43',
  '3-48',
  '4-13',
  '5-18',
  '6-20',
  '7-38',
  '8-47',
  '9-148',
  '10-3',
  '11-0',
  '12-19',
  '13-12',
  '14-48',
  '15-43',
] as const

/** All channels, by partition. */
export function partitionChannels(prefix: string): string[] {
  return PARTITION_TAGS.map((tag) => `${prefix}{${tag}}`)
}

/** One organization always speaks on one channel: whole transactions, in the order they were published. */
export function partitionOf(organizationId: string): number {
  return Number.parseInt(organizationId.slice(-4), 16) % PARTITION_TAGS.length
}
