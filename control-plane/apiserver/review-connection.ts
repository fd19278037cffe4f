import type { Resource, Subresource } from '../../api/resources.ts';
import type { UserInfo } from '../registry/registry.ts';
import type { AppParts } from './app-parts.ts';
import type { ResourceRequest } from './request-info.ts';

export interface Connection {
  resource: Resource;
  subresource: Subresource;
  info: ResourceRequest;
  /** Of the core group: `PodExecOptions` and the like. */
  options: { kind: string; [field: string]: unknown };
}

export interface ConnectingUser {
  user: UserInfo;
  userAgent: string | undefined;
  /** Takes what the audit log is to know. */
  auditAnnotations?: Record<string, string> | undefined;
}

/** Asks admission about a connection before it is made. @throws StatusError when it is refused. */
export async function reviewConnection({ registry }: Pick<AppParts, 'registry'>, from: ConnectingUser, connection: Connection): Promise<void> {
  const { resource, subresource, info, options } = connection;
  const fieldManager = (from.userAgent ?? '').split('/', 1)[0]!.slice(0, 128) || 'unknown';
  await registry.reviewConnect({ user: from.user, fieldManager, dryRun: false, ...(from.auditAnnotations ? { auditAnnotations: from.auditAnnotations } : {}) }, {
    resource, subresource, namespace: info.namespace, name: info.name ?? '', options: { apiVersion: 'v1', ...options },
  });
}
