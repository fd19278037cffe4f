/** By which others verify service account tokens: the issuer's document and its keys. Follows pkg/routes/openidmetadata.go. */
import type { FastifyInstance } from 'fastify';
import type { TokenService } from '../../authentication/token-service.ts';

export function registerIssuer(app: FastifyInstance, tokens: TokenService): void {
  app.get('/.well-known/openid-configuration', (_request, reply) => reply.header('cache-control', 'public, max-age=3600').type('application/json').send(Buffer.from(JSON.stringify(tokens.configuration()))));
  app.get('/openid/v1/jwks', (_request, reply) => reply.header('cache-control', 'public, max-age=3600').type('application/jwk-set+json').send(Buffer.from(JSON.stringify(tokens.keySet()))));
}
