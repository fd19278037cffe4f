/** The ApiClient of the control plane's own loops: the registry, in process, without HTTP and without copies. */
import { StatusError, newServiceUnavailable } from '../../api/errors.ts';
import { everything } from '../../api/labels.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource } from '../../api/resources.ts';
import type { ApiClient, ResourceClient, WatchHandle, WatchSink } from '../../machinery/client.ts';
import type { Registry, RequestContext, ResourceRegistry, UserInfo, WatchQuery } from './registry.ts';

/** @param user shows in logs and admission as the one who asks. */
export function createLocalClient(registry: Registry, user: UserInfo): ApiClient {
  const context: RequestContext = { user, fieldManager: user.name.split(':').at(-1)!, dryRun: false };
  return {
    resource: <T extends KubernetesObject>(resource: Resource<T>) => createResourceClient(registry.of(resource), context),
    bind: (namespace, podName, uid, nodeName) => registry.bind(context, namespace, podName, { uid, nodeName }),
  };
}

function createResourceClient<T extends KubernetesObject>(registry: ResourceRegistry<T>, context: RequestContext): ResourceClient<T> {
  const replace = (object: T, subresource?: 'status' | 'finalize'): Promise<T> => registry.update(context, {
    name: object.metadata?.name ?? '', namespace: object.metadata?.namespace, subresource, change: () => object,
  });
  return {
    get: (name, namespace) => new Promise((resolve) => { resolve(registry.get(name, namespace)); }),
    list: async (filter = {}) => {
      const { items, metadata } = await registry.list({ ...filter, labelSelector: filter.labelSelector ?? everything, fieldSelector: [] });
      return { items, resourceVersion: metadata.resourceVersion ?? '' };
    },
    watch: (filter, resourceVersion, sink) => watchLocally(registry, {
      ...filter, labelSelector: filter.labelSelector ?? everything, fieldSelector: [],
      resourceVersion, allowWatchBookmarks: false, sendInitialEvents: false,
    }, sink),
    create: (object) => registry.create(context, object.metadata?.namespace, object),
    update: (object) => replace(object),
    updateStatus: (object) => replace(object, 'status'),
    modify: (name, namespace, change, subresource) => registry.update(context, {
      name, namespace, subresource, change,
    }),
    delete: async (name, namespace, options = {}) => {
      await registry.delete(context, name, namespace, options);
    },
  };
}

/** Events are delivered synchronously with the commit; `closed` always after watch() returned. */
function watchLocally<T extends KubernetesObject>(registry: ResourceRegistry<T>, query: WatchQuery, sink: WatchSink<T>): WatchHandle {
  let stopped = false;
  let failure: Error | undefined;
  const watch = registry.watch(query, {
    event(event) {
      if (stopped) return;
      if (event.type === 'ERROR') failure = new StatusError(event.object);
      else sink.event(event as Parameters<typeof sink.event>[0]);
    },
    closed() {
      queueMicrotask(() => {
        if (!stopped) sink.closed(failure ?? newServiceUnavailable('the watch was closed'));
      });
    },
  });
  return {
    stop() {
      stopped = true;
      watch.stop();
    },
  };
}
