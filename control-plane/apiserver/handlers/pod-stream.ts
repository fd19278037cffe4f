/** What logs and commands have in common: the pod, its container, its board. */
import type { Pod } from '../../../api/core.ts';
import { newBadRequest, newServiceUnavailable } from '../../../api/errors.ts';
import type { AppParts } from '../app-parts.ts';
import type { BoardStreamOpener } from '../board-streams.ts';

const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container';

/**
 * The container a request is about: the one it names, else the only one, else the annotated one.
 * @throws StatusError BadRequest in the words of k8s.io/kubernetes/pkg/registry/core/pod.
 */
export function containerOf(pod: Pod, asked: string | undefined): string {
  const podName = pod.metadata?.name ?? '';
  const names = (containers: readonly { name: string }[] | undefined) => (containers ?? []).map((container) => container.name);
  const regular = names(pod.spec?.containers);
  const init = names(pod.spec?.initContainers);
  if (asked) {
    if (!regular.includes(asked) && !init.includes(asked) && !names(pod.spec?.ephemeralContainers).includes(asked)) throw newBadRequest(`container ${asked} is not valid for pod ${podName}`);
    return asked;
  }
  if (regular.length === 1) return regular[0]!;
  const annotated = pod.metadata?.annotations?.[defaultContainerAnnotation];
  if (annotated !== undefined && regular.includes(annotated)) return annotated;
  const choice = `choose one of: [${regular.join(' ')}]`;
  const initChoice = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
  throw newBadRequest(`a container name must be specified for pod ${podName}, ${choice}${initChoice}`);
}

/** @throws StatusError ServiceUnavailable on a server without boards. */
export function openerOf(parts: AppParts): BoardStreamOpener {
  if (!parts.boardStreams) throw newServiceUnavailable('this server has no connection to boards');
  return parts.boardStreams;
}
