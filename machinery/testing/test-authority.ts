import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface TestCertificate {
  certificate: string;
  key: string;
}

export interface TestAuthority {
  /** PEM */
  ca: string;
  issue(options?: { names?: readonly string[]; usage?: 'serverAuth' | 'clientAuth'; notBefore?: Date; notAfter?: Date }): Promise<TestCertificate>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const notBefore = new Date('2020-01-01T00:00:00Z');
const notAfter = new Date('2049-01-01T00:00:00Z');

/** A certificate authority for tests that need TLS. */
export async function createTestAuthority(): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01', name: 'CN=test', notBefore, notAfter, keys, signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  let serial = 1;
  return {
    ca: authority.toString('pem'),
    issue: async (options = {}) => {
      const leaf = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      serial += 1;
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial.toString(16).padStart(2, '0'), subject: 'CN=test-server', issuer: authority.subject,
        notBefore: options.notBefore ?? notBefore, notAfter: options.notAfter ?? notAfter,
        publicKey: leaf.publicKey, signingKey: keys.privateKey, signingAlgorithm: algorithm,
        extensions: [
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[options.usage ?? 'serverAuth']]),
          new x509.SubjectAlternativeNameExtension((options.names ?? ['kubernetes.default.svc']).map((value) => ({ type: 'dns', value }))),
        ],
      });
      return {
        certificate: certificate.toString('pem'),
        key: x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', leaf.privateKey), 'PRIVATE KEY'),
      };
    },
  };
}
