import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, statfsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Container, Pod, Volume, VolumeMount } from '../../../api/core.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { systemClock } from '../../../machinery/clock.ts';
import { InMemoryDesiredState } from '../../testing/in-memory-desired-state.ts';
import { DirectoryVolumeManager } from '../../volumes/directory-volume-manager.ts';
import { SystemMounter } from '../../volumes/mounter.ts';
import { VolumeError } from '../../volumes/volume-manager.ts';

const tmpfsMagic = 0x01021994;
const uid = '7b1c6a52-0000-4000-8000-000000000001';
const base64 = (text: string) => Buffer.from(text).toString('base64');

let dataDir: string;
let state: InMemoryDesiredState;
let volumes: DirectoryVolumeManager;

function newManager(): DirectoryVolumeManager {
  return new DirectoryVolumeManager({
    dataDir, state, mounter: new SystemMounter({ log: silentLogger }), clock: systemClock, log: silentLogger, processId: process.pid,
    facts: () => ({ nodeName: 'pi-1', hostIPs: ['203.0.113.5'], podIPs: [], allocatable: { memory: '512Mi', cpu: '4' } }),
  });
}

beforeEach(() => {
  dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'bramble-volumes-')));
  state = new InMemoryDesiredState();
  volumes = newManager();
});

afterEach(async () => {
  for (const pod of await volumes.podsWithVolumes()) await volumes.tearDown(pod);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
});

function makePod(podVolumes: Volume[], more: { mounts?: VolumeMount[]; fsGroup?: number; labels?: Record<string, string> } = {}): Pod & { container: Container } {
  const container: Container = { name: 'main', volumeMounts: more.mounts ?? [] };
  const pod: Pod = {
    metadata: { name: 'web-0', namespace: 'shop', uid, labels: more.labels ?? {} },
    spec: { volumes: podVolumes, containers: [container], securityContext: more.fsGroup === undefined ? {} : { fsGroup: more.fsGroup } },
  };
  return Object.assign(pod, { container });
}

function putConfigMap(data: Record<string, string>) {
  state.put({ kind: 'ConfigMap', object: { metadata: { namespace: 'shop', name: 'settings' }, data } });
}

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);
const visible = (path: string) => readdirSync(path).filter((name) => !name.startsWith('..')).sort();

async function pathOf(pod: Pod, name: string): Promise<string> {
  return (await volumes.setUp(pod)).get(name)!;
}

describe('emptyDir', () => {
  it('is a directory that anyone may write, kept by another set-up, gone after tear-down', async () => {
    const pod = makePod([{ name: 'scratch', emptyDir: {} }]);
    const path = await pathOf(pod, 'scratch');
    expect(path).toBe(join(dataDir, 'pods', uid, 'volumes/kubernetes.io~empty-dir/scratch'));
    expect(modeOf(path)).toBe('777');
    writeFileSync(join(path, 'kept'), 'x');
    volumes = newManager();
    expect(await pathOf(pod, 'scratch')).toBe(path);
    expect(visible(path)).toEqual(['kept']);
    await volumes.tearDown(uid);
    expect(existsSync(join(dataDir, 'pods', uid))).toBe(false);
    await volumes.tearDown(uid);
  });

  it('is a tmpfs of the wanted size with medium Memory', async () => {
    const path = await pathOf(makePod([{ name: 'fast', emptyDir: { medium: 'Memory', sizeLimit: '4Mi' } }]), 'fast');
    const found = statfsSync(path);
    expect(found.type).toBe(tmpfsMagic);
    expect(found.blocks * found.bsize).toBe(4 * 1024 * 1024);
    expect(modeOf(path)).toBe('1777');
  });

  it('belongs to the fsGroup', async () => {
    const mounted = await volumes.setUp(makePod([{ name: 'disk', emptyDir: {} }, { name: 'fast', emptyDir: { medium: 'Memory' } }], { fsGroup: 1234 }));
    expect(statSync(mounted.get('disk')!).gid).toBe(1234);
    expect(modeOf(mounted.get('disk')!)).toBe('2777');
    expect(statSync(mounted.get('fast')!).gid).toBe(1234);
  });

  it('refuses a medium it does not know', async () => {
    await expect(volumes.setUp(makePod([{ name: 'x', emptyDir: { medium: 'HugePages' } }]))).rejects.toThrow('MountVolume.SetUp failed for volume "x" : unknown storage medium "HugePages"');
  });
});

describe('hostPath', () => {
  const at = (path: string, type?: string): Pod => makePod([{ name: 'host', hostPath: { path, ...(type === undefined ? {} : { type }) } }]);

  it('makes what may be made and is left alone by tear-down', async () => {
    const directory = join(dataDir, 'made/deep');
    const file = join(dataDir, 'file');
    expect(await pathOf(at(directory, 'DirectoryOrCreate'), 'host')).toBe(directory);
    expect(await pathOf(at(file, 'FileOrCreate'), 'host')).toBe(file);
    expect(await pathOf(at(join(dataDir, 'plain')), 'host')).toBe(join(dataDir, 'plain'));
    expect([modeOf(directory), modeOf(file), modeOf(join(dataDir, 'plain'))]).toEqual(['755', '644', '755']);
    await volumes.tearDown(uid);
    expect(existsSync(directory) && existsSync(file)).toBe(true);
  });

  it('accepts what is of the wanted type', async () => {
    const server = createServer();
    const socket = join(dataDir, 'socket');
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    for (const [path, type] of [[dataDir, 'Directory'], ['/etc/passwd', 'File'], [socket, 'Socket'], ['/dev/null', 'CharDevice']] as const) {
      expect(await pathOf(at(path, type), 'host')).toBe(path);
    }
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([
    ['/etc/passwd', 'Directory', 'directory'],
    ['/etc', 'File', 'file'],
    ['/etc/passwd', 'Socket', 'socket file'],
    ['/dev/null', 'BlockDevice', 'block device'],
    ['/etc', 'CharDevice', 'character device'],
    ['/nowhere/at/all', 'Directory', 'directory'],
  ])('refuses %s as %s', async (path, type, description) => {
    await expect(volumes.setUp(at(path, type))).rejects.toThrow(`hostPath type check failed: ${path} is not a ${description}`);
  });

  it('refuses a path that steps back', async () => {
    await expect(volumes.setUp(at('/var/../etc'))).rejects.toThrow(VolumeError);
  });
});

describe('ConfigMap and Secret volumes', () => {
  it('are files on a tmpfs of their own, in the layout that watching programs know', async () => {
    putConfigMap({ color: 'red', 'deep.conf': 'x' });
    state.put({ kind: 'Secret', object: { metadata: { namespace: 'shop', name: 'login' }, data: { user: base64('ada') } } });
    const mounted = await volumes.setUp(makePod([
      { name: 'settings', configMap: { name: 'settings', defaultMode: 0o640 } },
      { name: 'login', secret: { secretName: 'login', items: [{ key: 'user', path: 'who/name', mode: 0o400 }] } },
    ]));
    const settings = mounted.get('settings')!;
    expect(visible(settings)).toEqual(['color', 'deep.conf']);
    expect(readlinkSync(join(settings, 'color'))).toBe('..data/color');
    expect(readlinkSync(join(settings, '..data'))).toMatch(/^\.\.\d{4}(_\d\d){5}\../);
    expect(readFileSync(join(settings, 'color'), 'utf8')).toBe('red');
    expect(modeOf(join(settings, 'color'))).toBe('640');
    const login = mounted.get('login')!;
    expect(readFileSync(join(login, 'who/name'), 'utf8')).toBe('ada');
    expect(modeOf(join(login, 'who/name'))).toBe('400');
    for (const path of [settings, login]) expect(statfsSync(path).type).toBe(tmpfsMagic);
  });

  it('change all at once for who reads through ..data, and only when something changed', async () => {
    putConfigMap({ a: '1', b: '1' });
    const pod = makePod([{ name: 'settings', configMap: { name: 'settings' } }]);
    const path = await pathOf(pod, 'settings');
    const before = readlinkSync(join(path, '..data'));
    await volumes.refresh(pod);
    expect(readlinkSync(join(path, '..data'))).toBe(before);
    putConfigMap({ a: '2', c: '2' });
    await volumes.refresh(pod);
    expect(readlinkSync(join(path, '..data'))).not.toBe(before);
    expect(visible(path)).toEqual(['a', 'c']);
    expect(readFileSync(join(path, 'a'), 'utf8')).toBe('2');
    expect(readdirSync(path).filter((name) => name.startsWith('..2'))).toHaveLength(1);
  });

  it('clean up after a write that a crash cut short', async () => {
    putConfigMap({ a: '1' });
    const pod = makePod([{ name: 'settings', configMap: { name: 'settings' } }]);
    const path = await pathOf(pod, 'settings');
    mkdirSync(join(path, '..2020_01_01_00_00_00.half'));
    symlinkSync('..2020_01_01_00_00_00.half', join(path, '..data_tmp'));
    putConfigMap({ a: '2' });
    await volumes.refresh(pod);
    expect(readFileSync(join(path, 'a'), 'utf8')).toBe('2');
    expect(readdirSync(path).filter((name) => name.startsWith('..'))).toHaveLength(2);
  });

  it('can be read by the fsGroup', async () => {
    putConfigMap({ a: '1' });
    const path = await pathOf(makePod([{ name: 'settings', configMap: { name: 'settings', defaultMode: 0o400 } }], { fsGroup: 1234 }), 'settings');
    expect(statSync(join(path, 'a')).gid).toBe(1234);
    expect(modeOf(join(path, 'a'))).toBe('440');
  });

  it('say what is missing, leave nothing mounted, and come up when it is there', async () => {
    const pod = makePod([{ name: 'settings', configMap: { name: 'settings' } }]);
    await expect(volumes.setUp(pod)).rejects.toThrow(new VolumeError('MountVolume.SetUp failed for volume "settings" : configmap "settings" not found'));
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(dataDir);
    putConfigMap({ a: '1' });
    expect(visible(await pathOf(pod, 'settings'))).toEqual(['a']);
  });

  it('are empty when optional and missing, and filled later', async () => {
    const pod = makePod([{ name: 'settings', configMap: { name: 'settings', optional: true } }]);
    const path = await pathOf(pod, 'settings');
    expect(visible(path)).toEqual([]);
    putConfigMap({ a: '1' });
    await volumes.refresh(pod);
    expect(visible(path)).toEqual(['a']);
  });

  it.each(['../outside', '/etc/evil', 'a/../../b', '..hidden'])('write nothing for the path %s', async (path) => {
    putConfigMap({ a: '1' });
    await expect(volumes.setUp(makePod([{ name: 'settings', configMap: { name: 'settings', items: [{ key: 'a', path }] } }]))).rejects.toThrow(/invalid path/);
  });

  it('come back after the board lost its mounts', async () => {
    putConfigMap({ a: '1' });
    const pod = makePod([{ name: 'settings', configMap: { name: 'settings' } }]);
    const path = await pathOf(pod, 'settings');
    execFileSync('umount', [path]);
    expect(readdirSync(path)).toEqual([]);
    await volumes.setUp(pod);
    expect(readFileSync(join(path, 'a'), 'utf8')).toBe('1');
  });
});

describe('downwardAPI and projected volumes', () => {
  it('follow the pod', async () => {
    const source: Volume[] = [{ name: 'info', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } }];
    const path = await pathOf(makePod(source, { labels: { app: 'web' } }), 'info');
    expect(readFileSync(join(path, 'labels'), 'utf8')).toBe('app="web"');
    await volumes.refresh(makePod(source, { labels: { app: 'shop' } }));
    expect(readFileSync(join(path, 'labels'), 'utf8')).toBe('app="shop"');
  });

  it('join their sources', async () => {
    putConfigMap({ a: '1' });
    state.put({ kind: 'Secret', object: { metadata: { namespace: 'shop', name: 'login' }, data: { user: base64('ada') } } });
    const path = await pathOf(makePod([{ name: 'all', projected: { sources: [
      { configMap: { name: 'settings' } },
      { secret: { name: 'login', items: [{ key: 'user', path: 'login/user' }] } },
      { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
    ] } }]), 'all');
    expect(visible(path)).toEqual(['a', 'login', 'name']);
    expect(readFileSync(join(path, 'login/user'), 'utf8')).toBe('ada');
  });

  it('name a source that is not supported', async () => {
    await expect(volumes.setUp(makePod([{ name: 'bundle', projected: { sources: [{ clusterTrustBundle: { path: 'ca.crt', name: 'ours' } }] } }])))
      .rejects.toThrow('MountVolume.SetUp failed for volume "bundle" : projected volume source clusterTrustBundle is not supported');
  });

  it('wait for the token of the service account', async () => {
    const pod = makePod([{ name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }]);
    await expect(volumes.setUp(pod)).rejects.toThrow('MountVolume.SetUp failed for volume "token" : no token of service account "default" from the control plane yet');
  });
});

describe('volumes of other kinds and names', () => {
  it('are refused', async () => {
    await expect(volumes.setUp(makePod([{ name: 'claim', persistentVolumeClaim: { claimName: 'c' } }]))).rejects.toThrow('volume type persistentVolumeClaim is not supported on this node');
    await expect(volumes.setUp(makePod([{ name: '../../escape', emptyDir: {} }]))).rejects.toThrow(VolumeError);
    expect(readdirSync(join(dataDir, 'pods', uid))).toEqual([]);
  });

  it('of a pod without a proper uid reach no directory', async () => {
    await expect(volumes.setUp({ metadata: { uid: '../x' }, spec: { containers: [] } })).rejects.toThrow(RangeError);
  });
});

describe('mountsFor', () => {
  async function mountsOf(mounts: VolumeMount[], prepare: (path: string) => void = () => {}, variables: [string, string][] = []) {
    putConfigMap({ a: '1' });
    const pod = makePod([{ name: 'disk', emptyDir: {} }, { name: 'settings', configMap: { name: 'settings' } }], { mounts });
    const mounted = await volumes.setUp(pod);
    prepare(mounted.get('disk')!);
    return { made: await volumes.mountsFor(pod, pod.container, mounted, new Map(variables)), disk: mounted.get('disk')!, pod, mounted };
  }

  it('gives whole volumes, read-only where wanted or of their nature', async () => {
    const { made, disk, mounted } = await mountsOf([
      { name: 'disk', mountPath: '/data', mountPropagation: 'HostToContainer' },
      { name: 'disk', mountPath: 'relative', readOnly: true },
      { name: 'settings', mountPath: '/etc/settings' },
    ]);
    expect(made).toEqual([
      { hostPath: disk, containerPath: '/data', readOnly: false, propagation: 'rslave' },
      { hostPath: disk, containerPath: '/relative', readOnly: true, propagation: 'private' },
      { hostPath: mounted.get('settings'), containerPath: '/etc/settings', readOnly: true, propagation: 'private' },
    ]);
  });

  it('makes and pins subPaths, expanded from the environment', async () => {
    const { made, disk, pod, mounted } = await mountsOf([{ name: 'disk', mountPath: '/data', subPathExpr: 'logs/$(POD)' }], undefined, [['POD', 'web-0']]);
    expect(modeOf(join(disk, 'logs/web-0'))).toBe('777');
    writeFileSync(join(disk, 'logs/web-0/file'), 'x');
    expect(readdirSync(made[0]!.hostPath)).toEqual(['file']);
    expect(await volumes.mountsFor(pod, pod.container, mounted, new Map([['POD', 'web-0']]))).toEqual(made);
    const other = await volumes.mountsFor(pod, pod.container, mounted, new Map([['POD', 'web-1']]));
    expect(other[0]!.hostPath).toBe(made[0]!.hostPath);
    expect(readdirSync(other[0]!.hostPath)).toEqual([]);
  });

  it('keeps a subPath of a ConfigMap as it was when the container started', async () => {
    const { made, pod, mounted } = await mountsOf([{ name: 'settings', mountPath: '/etc/a', subPath: 'a' }]);
    putConfigMap({ a: '2' });
    await volumes.refresh(pod);
    expect(readFileSync(made[0]!.hostPath, 'utf8')).toBe('1');
    const again = await volumes.mountsFor(pod, pod.container, mounted, new Map());
    expect(readFileSync(again[0]!.hostPath, 'utf8')).toBe('2');
  });

  it('follows links that stay inside the volume', async () => {
    const { made } = await mountsOf([{ name: 'disk', mountPath: '/data', subPath: 'link/new' }], (path) => {
      mkdirSync(join(path, 'real'));
      symlinkSync('real', join(path, 'link'));
    });
    expect(lstatSync(made[0]!.hostPath).isDirectory()).toBe(true);
  });

  it.each([
    ['an absolute link', '/etc'],
    ['a link that steps out', '../../../../../..'],
    ['a dangling link', '/nowhere/at/all'],
  ])('refuses %s', async (_name, target) => {
    await expect(mountsOf([{ name: 'disk', mountPath: '/data', subPath: 'link/inside' }], (path) => symlinkSync(target, join(path, 'link'))))
      .rejects.toThrow(new VolumeError('failed to prepare subPath for volumeMount "disk" of container "main"'));
    expect(existsSync('/etc/inside')).toBe(false);
  });

  it.each([
    [{ subPath: '../x' }, "unable to provision SubPath `../x`: must not contain '..'"],
    [{ subPath: '/x' }, 'error SubPath `/x` must not be an absolute path'],
    [{ subPathExpr: '$(NOPE)' }, 'missing value for "NOPE"'],
  ])('refuses %j', async (fields, message) => {
    await expect(mountsOf([{ name: 'disk', mountPath: '/data', ...fields }])).rejects.toThrow(new VolumeError(message));
  });

  it('refuses a volume that the pod does not have', async () => {
    await expect(mountsOf([{ name: 'ghost', mountPath: '/x' }])).rejects.toThrow('cannot find volume "ghost" to mount into container "main"');
  });

  it('never lets a tear-down reach through a pinned path of the board', async () => {
    const precious = join(dataDir, 'precious');
    mkdirSync(join(precious, 'inner'), { recursive: true });
    writeFileSync(join(precious, 'inner/file'), 'x');
    const pod = makePod([{ name: 'host', hostPath: { path: precious } }], { mounts: [{ name: 'host', mountPath: '/h', subPath: 'inner' }] });
    const made = await volumes.mountsFor(pod, pod.container, await volumes.setUp(pod), new Map());
    expect(readdirSync(made[0]!.hostPath)).toEqual(['file']);
    expect(await newManager().podsWithVolumes()).toEqual([uid]);
    await newManager().tearDown(uid);
    expect(readdirSync(join(precious, 'inner'))).toEqual(['file']);
    expect(await volumes.podsWithVolumes()).toEqual([]);
  });
});

describe('tearDown', () => {
  it('detaches a mount that is in use', async () => {
    const path = await pathOf(makePod([{ name: 'fast', emptyDir: { medium: 'Memory' } }]), 'fast');
    const before = process.cwd();
    process.chdir(path);
    try {
      await volumes.tearDown(uid);
    } finally {
      process.chdir(before);
    }
    expect(existsSync(join(dataDir, 'pods', uid))).toBe(false);
  });
});
