// Where webhooks may go: to addresses of the public internet and never into the network that the gateway stands in.
import { BlockList, isIP } from 'node:net'
import type { InputIssue } from '../../vocabulary/refusals.ts'

const URL_LIMIT = 2000

/** An https URL without credentials. `allowsPrivate`: any host, and http too; for tests and development. */
export function readWebhookUrl(
  issues: InputIssue[],
  path: string[],
  text: string,
  { allowsPrivate }: { allowsPrivate: boolean },
): string {
  const url = URL.parse(text.trim())
  const refuse = (message: string) => void issues.push({ path, message })
  if (!url || !['https:', 'http:'].includes(url.protocol)) refuse('A URL that begins with https:// is needed.')
  else if (url.href.length > URL_LIMIT) refuse(`At most ${URL_LIMIT} characters.`)
  else if (url.username !== '' || url.password !== '')
    refuse('A URL with a password is not kept. Verify the signature.')
  else if (!allowsPrivate) {
    if (url.protocol !== 'https:') refuse('A URL that begins with https:// is needed.')
    else if (!isPublicHost(url)) refuse('Webhooks go to public addresses only.')
  }
  if (url) url.hash = ''
  return url?.href ?? ''
}

/** False for the address of a private or local network. A name says nothing until it is resolved: true. */
export function isPublicHost({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) !== 0) return isPublicAddress(host)
  return !/(^|\.)(localhost|local|internal|home\.arpa)\.?$/.test(host)
}

/** Of a machine that anybody on the internet could reach; of version 6 only global unicast, nothing that wraps version 4. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address)
  if (version === 4) return !NOT_PUBLIC.check(address, 'ipv4')
  return version === 6 && GLOBAL_UNICAST.check(address, 'ipv6') && !NOT_PUBLIC.check(address, 'ipv6')
}

// IANA's registries of special-purpose addresses. The metadata services of clouds are link-local (169.254.169.254) or
// unique local (fd00:ec2::254), so that they need no entry of their own.
const NOT_PUBLIC = blockListOf([
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  // Teredo and others of the IETF, documentation, 6to4.
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
])

const GLOBAL_UNICAST = blockListOf([['2000::', 3, 'ipv6']])

function blockListOf(subnets: [string, number, 'ipv4' | 'ipv6'][]): BlockList {
  const list = new BlockList()
  for (const [network, prefix, family] of subnets) list.addSubnet(network, prefix, family)
  return list
}
