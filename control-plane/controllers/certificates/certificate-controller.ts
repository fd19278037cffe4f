/**
 * Certificate requests: approves those of nodes for themselves, signs what is approved, forgets what is settled.
 * Follows pkg/controller/certificates: approver, signer, cleaner.
 */
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../../api/certificates.ts';
import { isNotFound } from '../../../api/errors.ts';
import { certificateSigningRequests } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import type { Clock } from '../../../machinery/clock.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { Authorizer } from '../../authorization/authorizer.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';
import { isKnownSigner, signerProblem, type RequestedCertificate, type SignerName } from './signers.ts';

export interface CertificateAuthority {
  /** @throws Error when the PEM is no request. */
  read(request: string): Promise<RequestedCertificate>;
  /** @param seconds of validity; the authority may give less. @returns PEM. */
  sign(request: string, usages: readonly string[], seconds: number): Promise<string>;
}

export interface CertificateOptions {
  authority: CertificateAuthority;
  authorizer: Authorizer;
}

type Request = CertificateSigningRequest;

const hourMs = 60 * 60 * 1000;
const pendingMs = 24 * hourMs;
const defaultSeconds = 365 * 24 * 3600;
const group = certificateSigningRequests.group;

export class CertificateController implements RunnableController {
  private readonly client: ResourceClient<Request>;
  private readonly informer: Informer<Request>;
  private readonly controller: Controller;
  private readonly options: CertificateOptions;
  private readonly clock: Clock;

  constructor({ client, informers, clock, logger, random }: ControllerContext, options: CertificateOptions) {
    this.client = client.resource(certificateSigningRequests);
    this.informer = informers.of(certificateSigningRequests);
    this.options = options;
    this.clock = clock;
    this.controller = new Controller({ name: 'certificates', workers: 1, reconcile: (name) => this.reconcile(name), clock, logger, random });
    const enqueue = (request: Request) => this.controller.enqueue(request.metadata?.name ?? '');
    this.informer.addHandler({ added: enqueue, updated: (_before, request) => enqueue(request), deleted: () => {} });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(name: string): Promise<void> {
    const request = this.informer.get(name);
    if (!request || request.metadata?.deletionTimestamp) return;
    try {
      if (await this.clean(name, request)) return;
      const { signerName } = request.spec;
      if (isSettled(request) || !isKnownSigner(signerName)) return;
      if (hasCondition(request, 'Approved')) await this.sign(name, request, signerName);
      else if (signerName === 'kubernetes.io/kube-apiserver-client-kubelet') await this.approve(name, request);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** A settled request is kept for an hour, one that nobody settles for a day. */
  private async clean(name: string, request: Request): Promise<boolean> {
    const settledAt = Math.max(...(request.status?.conditions ?? []).map(({ lastUpdateTime }) => Date.parse(lastUpdateTime ?? '')).filter((time) => !Number.isNaN(time)), 0);
    const due = isSettled(request) && settledAt > 0 ? settledAt + hourMs : Date.parse(request.metadata?.creationTimestamp ?? '') + pendingMs;
    const wait = due - this.clock.now();
    if (wait > 0) {
      this.controller.enqueueAfter(name, wait);
      return false;
    }
    await this.client.delete(name);
    return true;
  }

  private async approve(name: string, request: Request): Promise<void> {
    const { usages = [], username = '', uid, groups = [], extra } = request.spec;
    const requested = await this.options.authority.read(request.spec.request);
    if (signerProblem('kubernetes.io/kube-apiserver-client-kubelet', requested, usages)) return;
    const user = { name: username, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
    const may = (subresource: string): boolean => this.options.authorizer.authorize({
      user, isResource: true, verb: 'create', group, version: 'v1', resource: certificateSigningRequests.plural, subresource,
    }).decision === 'allow';
    const own = requested.commonName === username && may('selfnodeclient');
    if (!own && !may('nodeclient')) return;
    const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message: `Auto approving ${own ? 'self ' : ''}kubelet client certificate after SubjectAccessReview.` };
    await this.client.modify(name, undefined, (copy) => (isSettled(copy) || hasCondition(copy, 'Approved') ? undefined : withCondition(copy, condition)), 'approval');
  }

  private async sign(name: string, request: Request, signer: SignerName): Promise<void> {
    const { authority } = this.options;
    const { usages = [], expirationSeconds = defaultSeconds } = request.spec;
    const problem = signerProblem(signer, await authority.read(request.spec.request), usages);
    if (problem) {
      await this.client.modify(name, undefined, (copy) => withCondition(copy, { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: problem }), 'status');
      return;
    }
    const certificate = Buffer.from(await authority.sign(request.spec.request, usages, Math.min(expirationSeconds, defaultSeconds))).toString('base64');
    await this.client.modify(name, undefined, (copy) => (isSettled(copy) ? undefined : { ...copy, status: { ...copy.status, certificate } }), 'status');
  }
}

function hasCondition({ status }: Request, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type) ?? false;
}

function isSettled(request: Request): boolean {
  return Boolean(request.status?.certificate) || hasCondition(request, 'Denied') || hasCondition(request, 'Failed');
}

function withCondition(request: Request, condition: CertificateSigningRequestCondition): Request {
  return { ...request, status: { ...request.status, conditions: [...request.status?.conditions ?? [], condition] } };
}
