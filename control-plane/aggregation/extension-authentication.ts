/** What extension API servers must know to believe this one: the ConfigMap extension-apiserver-authentication. */
import { isNotFound } from '../../api/errors.ts';
import { configMaps } from '../../api/resources.ts';
import type { ApiClient } from '../../machinery/client.ts';
import { deepEqual } from '../registry/deep-equal.ts';

/** Common name of the client certificate that may name users. */
export const frontProxyName = 'front-proxy-client';
const name = 'extension-apiserver-authentication';
const namespace = 'kube-system';

/** @param ca PEM of the authority of client certificates, the front proxy's included. */
export async function ensureExtensionAuthentication(client: ApiClient, ca: string): Promise<void> {
  const data = {
    'client-ca-file': ca,
    'requestheader-allowed-names': JSON.stringify([frontProxyName]),
    'requestheader-client-ca-file': ca,
    'requestheader-extra-headers-prefix': JSON.stringify(['X-Remote-Extra-']),
    'requestheader-group-headers': JSON.stringify(['X-Remote-Group']),
    'requestheader-uid-headers': JSON.stringify(['X-Remote-Uid']),
    'requestheader-username-headers': JSON.stringify(['X-Remote-User']),
  };
  const maps = client.resource(configMaps);
  try {
    await maps.modify(name, namespace, (copy) => (deepEqual(copy.data, data) ? undefined : { ...copy, data }));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await maps.create({ metadata: { name, namespace }, data });
  }
}
