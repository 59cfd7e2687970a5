/** An authority of a test's own, and certificates that it signs; made by openssl. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export class Authority implements Disposable {
  readonly #dir = mkdtempSync(path.join(tmpdir(), 'lovage-ca-'))

  /** @throws where there is no openssl */
  constructor() {
    this.#openssl('req', '-x509', ...this.#newKey('ca'), '-subj', '/CN=Test CA', '-out', this.file('ca.pem'))
  }

  /** Writes `<name>.pem` and `<name>.key`. Servers are at 127.0.0.1. */
  sign(name: string): void {
    const request = this.file(`${name}.csr`)
    const names = this.file(`${name}.ext`)
    writeFileSync(names, 'subjectAltName=IP:127.0.0.1')
    this.#openssl('req', ...this.#newKey(name), '-subj', `/CN=${name}`, '-out', request)
    const authority = ['-CA', this.file('ca.pem'), '-CAkey', this.file('ca.key'), '-CAcreateserial']
    this.#openssl(
      'x509',
      '-req',
      '-in',
      request,
      ...authority,
      '-extfile',
      names,
      '-out',
      this.file(`${name}.pem`),
    )
  }

  /** What tells a server to show this certificate and to ask for one, as `args` of its own. */
  serverArgs(name: string): string[] {
    return [
      ...['--tls-auth-clients', 'yes', '--tls-ca-cert-file', this.file('ca.pem')],
      ...['--tls-cert-file', this.file(`${name}.pem`), '--tls-key-file', this.file(`${name}.key`)],
    ]
  }

  /** What a client with this certificate passes as `tls`. */
  clientTls(name: string): { ca: Buffer; cert: Buffer; key: Buffer } {
    return { ca: this.read('ca.pem'), cert: this.read(`${name}.pem`), key: this.read(`${name}.key`) }
  }

  file(name: string): string {
    return path.join(this.#dir, name)
  }

  read(name: string): Buffer {
    return readFileSync(this.file(name))
  }

  #newKey(name: string): string[] {
    return [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      this.file(`${name}.key`),
    ]
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'ignore' })
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true })
  }
}
